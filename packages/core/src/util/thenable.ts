/** Tells what `await` would wait for. Reading `then` may throw. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function"
  );
}

/**
 * Lets go of a promise that nobody waits for: that it rejects must not end the process.
 *
 * @returns Whether it is a thenable; so is what cannot be asked. One that is no promise is not called: it may be a query
 *   that begins then.
 */
export function ignoreRejection(value: unknown): boolean {
  try {
    if (!isThenable(value)) return false;
    if (Object.prototype.toString.call(value) === "[object Promise]") value.then(undefined, () => {});
  } catch {
    // Then nothing is to come of it.
  }
  return true;
}
