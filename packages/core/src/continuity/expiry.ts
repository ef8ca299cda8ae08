import { readClock } from "../util/clock.js";
/**
 * The end of an identity on two clocks. The wall clock may be set back or forward while a connection is open, so the
 * end is kept in monotonic time too, and the earlier one counts.
 */
export class Expiry {
  /** The end in the time of `readClock()`. */
  readonly due: number;
  /** The end in milliseconds since the epoch of Unix. */
  readonly at: number;

  constructor(at: number) {
    this.at = at;
    this.due = readClock() + (at - Date.now());
  }

  /** @param now The time of `readClock()`. */
  isOver(now: number): boolean {
    return now >= this.due || Date.now() >= this.at;
  }

  /** Whole seconds until the end, at least 0, as `expires_in` of OAuth 2.0 (RFC 6749, section 5.1) has them. */
  get secondsLeft(): number {
    const left = Math.min(this.due - readClock(), this.at - Date.now());
    return Math.max(0, Math.floor(left / 1000));
  }
}
