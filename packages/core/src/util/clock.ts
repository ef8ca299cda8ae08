/** The `setTimeout` at the time when `clock` was read. */
let setter: typeof setTimeout | undefined;
let clock: typeof performance;

/**
 * Reads the monotonic clock, in milliseconds. In Node the global `performance` is an accessor, which costs more than the
 * clock. It is read again when `setTimeout` has changed, because the fake timers of a test replace both.
 */
export function readClock(): number {
  if (setter !== setTimeout) {
    setter = setTimeout;
    clock = performance;
  }
  return clock.now();
}
