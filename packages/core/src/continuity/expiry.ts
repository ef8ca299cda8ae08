import { PROCESS_START, readClock } from "../util/clock.js";
import { wallTimeAt } from "./wall-clock.js";

/**
 * The end of an identity on two clocks. The wall clock may be set back or forward while a connection is open, so the
 * end is kept in monotonic time too, and the earlier one counts.
 */
export class Expiry {
  /** The end in the time of `readClock()`, in whole milliseconds. */
  readonly due: number;
  /** The end on the wall clock, in milliseconds since `PROCESS_START`. */
  readonly #sinceStart: number;
  /** The time of the warning; `undefined` once the client was told of the coming end. */
  warnAt: number | undefined;
  /** The time of the end, or of its notice where a clock was set forward; `undefined` until it was noticed. */
  passedAt: number | undefined;
  /** True once the client was told of the end. */
  isTold = false;

  /**
   * @param at Milliseconds since the epoch of Unix.
   * @param warnBefore Milliseconds between the warning and the end.
   */
  constructor(at: number, warnBefore: number) {
    const now = readClock();
    const left = at - Date.now();
    this.#sinceStart = Math.floor(at - PROCESS_START);
    this.due = Math.floor(now + left);
    // Spread by a fifth, so that clients that came together do not renew together.
    this.warnAt = Math.floor(now + left - Math.min(warnBefore * (1 + Math.random() / 5), left / 5));
  }

  /** The end in milliseconds since the epoch of Unix. */
  get at(): number {
    return PROCESS_START + this.#sinceStart;
  }

  /** @param now The time of `readClock()`. */
  isOver(now: number): boolean {
    return now >= this.due || wallTimeAt(now) >= this.at;
  }

  /** Whole seconds until the end, at least 0, as `expires_in` of OAuth 2.0 (RFC 6749, section 5.1) has them. */
  get secondsLeft(): number {
    const left = Math.min(this.due - readClock(), this.at - Date.now());
    return Math.max(0, Math.floor(left / 1000));
  }
}
