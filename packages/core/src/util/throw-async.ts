/** The application's own listener has thrown while nobody could catch it: it surfaces as it would without a guard. */
export function throwAsync(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
