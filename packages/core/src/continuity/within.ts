/** A timer of Node. In a browser a timer is a number. */
type Timer = { unref?(): unknown };

/**
 * Waits for the answer of a log.
 *
 * @param milliseconds The longest wait.
 * @param keepsAlive False for a wait that does not keep the process alive.
 * @throws {Error} Rejects with it when the answer has not come in time.
 */
export async function within<T>(milliseconds: number, answer: PromiseLike<T>, keepsAlive: boolean): Promise<T> {
  let timer: unknown;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the log has not answered in time")), milliseconds);
  });
  if (!keepsAlive) (timer as Timer).unref?.();
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer as never);
  }
}

/** Waits. Keeps the process alive only if `keepsAlive`. */
export function pause(milliseconds: number, keepsAlive = false): Promise<void> {
  return new Promise((resolve) => {
    const timer: unknown = setTimeout(resolve, milliseconds);
    if (!keepsAlive) (timer as Timer).unref?.();
  });
}
