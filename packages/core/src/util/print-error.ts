import { show } from "./show.js";

/** Prints what was thrown. Never throws: what is thrown may be anything, also what cannot be printed. */
export function printError(what: string, error: unknown): void {
  try {
    console.error(what, error);
  } catch {
    console.error(what, show(error));
  }
}
