import { readClock } from "../util/clock.js";

/** Renewals of one connection within the window. One more is refused. */
const MOST = 5;
const WINDOW = 60_000;

/** Counts the renewals of one connection. */
export class RenewalLimit {
  #times: number[] = [];

  /** Counts one. Returns the seconds to wait where there were too many. */
  add(): number | undefined {
    const now = readClock();
    this.#times = this.#times.filter((time) => now - time < WINDOW);
    const [first] = this.#times;
    if (first !== undefined && this.#times.length >= MOST) return Math.ceil((first + WINDOW - now) / 1000);
    this.#times.push(now);
    return undefined;
  }
}
