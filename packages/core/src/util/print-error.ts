import { show } from "./show.js";

/** Prints a thrown value. Never throws, although a thrown value may be anything, also unprintable. */
export function printError(what: string, error: unknown): void {
  const line = `portcullis: ${what}`;
  try {
    console.error(line, error);
  } catch {
    console.error(line, show(error));
  }
}
