/** The monotonic time at which the wall clock was read last. */
let readAt = Number.NEGATIVE_INFINITY;
/** Milliseconds that the wall clock was ahead of the monotonic clock then. */
let lead = 0;

/**
 * Returns the time of the wall clock in milliseconds since the epoch of Unix. The clock is read once in a millisecond, its
 * own resolution, because reading it takes as long as a decision. So a clock that was set is noticed a millisecond later.
 *
 * @param now The time of `readClock()`.
 */
export function wallTimeAt(now: number): number {
  // Fake timers of a test may start the monotonic clock anew.
  if (Math.abs(now - readAt) >= 1) {
    readAt = now;
    lead = Date.now() - now;
  }
  return now + lead;
}
