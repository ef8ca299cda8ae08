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

/**
 * The start of this process, in milliseconds since the epoch of Unix. A time since then is a small integer, which V8 keeps
 * in its object.
 */
export const PROCESS_START = Date.now();
