import { isPromise } from "node:util/types";

/** What should have been there at once, and nobody waits for: where it is a promise, it must not end the process. */
export function letGo(value: unknown): void {
  if (isPromise(value)) value.catch(() => undefined);
}
