import { readClock } from "../util/clock.js";

/** Limits how often something may happen within a window of time that moves along. */
export class SlidingLimit {
  readonly #most: number;
  readonly #window: number;
  #times: number[] = [];

  /** @param window Milliseconds. */
  constructor(most: number, window: number) {
    this.#most = most;
    this.#window = window;
  }

  /** True when nothing has happened within the window. */
  get isQuiet(): boolean {
    const now = readClock();
    return this.#times.every((time) => now - time >= this.#window);
  }

  /** Counts one. Returns the milliseconds to wait, above 0, where there were too many; these are not counted. */
  add(): number | undefined {
    const now = readClock();
    this.#times = this.#times.filter((time) => now - time < this.#window);
    const [first] = this.#times;
    if (first !== undefined && this.#times.length >= this.#most) return first + this.#window - now;
    this.#times.push(now);
    return undefined;
  }
}
