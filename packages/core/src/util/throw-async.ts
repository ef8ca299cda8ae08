import { show } from "../decision/errors.js";

/** Prints what was thrown. Never throws: what is thrown may be anything, also what cannot be printed. */
export function printError(what: string, error: unknown): void {
  try {
    console.error(what, error);
  } catch {
    console.error(what, show(error));
  }
}

/** The application's own listener has thrown while nobody could catch it: it surfaces as it would without a guard. */
export function throwAsync(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
