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

const { then } = Promise.prototype;

/**
 * Calls back once, later, as `await` continues, and costs less than an async function. A thenable may throw, and may call
 * back twice or at once.
 */
export function whenSettled(
  value: PromiseLike<unknown>,
  onFulfilled: (answer: unknown) => void,
  onRejected: (error: unknown) => void,
): void {
  try {
    // A promise of another class runs code of its own.
    if ((value as { constructor?: unknown }).constructor === Promise) {
      then.call(value as Promise<unknown>, onFulfilled, onRejected);
      return;
    }
  } catch {
    // No promise, although it looks like one.
  }
  then.call(new Promise((resolve) => resolve(value)), onFulfilled, onRejected);
}
