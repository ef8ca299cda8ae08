import { show } from "./show.js";

/** Prints a thrown value. Never throws, although a thrown value may be anything, also unprintable. */
export function printError(what: string, error: unknown): void {
  try {
    console.error(what, error);
  } catch {
    console.error(what, show(error));
  }
}
