/** Throws an error of an application's listener as uncaught, as it would surface without a guard. */
export function throwAsync(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
