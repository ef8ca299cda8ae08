/** True for a value that `await` would wait for. Reading `then` may throw. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function"
  );
}

/**
 * Marks the rejection of a promise as handled, because an unawaited promise must not end the process.
 *
 * @returns True for a thenable, and for a value whose `then` cannot be read. A thenable that is no promise is not
 *   called, because it may be a query that would begin.
 */
export function ignoreRejection(value: unknown): boolean {
  try {
    if (!isThenable(value)) return false;
    if (Object.prototype.toString.call(value) === "[object Promise]") value.then(undefined, () => {});
  } catch {
    // A value whose `then` cannot be read has no rejection.
  }
  return true;
}
