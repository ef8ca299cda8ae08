import { readClock } from "../util/clock.js";
import { type AgendaItem, agenda } from "./agenda.js";

/** One wait for a settlement. */
class Settlement implements AgendaItem {
  due = 0;
  slot = -1;

  /** @param end Called once, with false where the time is over. */
  constructor(
    readonly waiting: Set<Settlement>,
    readonly end: (isSettled: boolean) => void,
  ) {}

  wake(): void {
    this.waiting.delete(this);
    this.end(false);
  }
}

/** Those who wait until an authorization is settled. */
export class Waiting {
  /** The time of the first wait. */
  readonly since = readClock();
  readonly #waiting = new Set<Settlement>();

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /**
   * Waits for the settlement.
   *
   * @param milliseconds The longest wait.
   * @returns A promise of false where the time is over.
   */
  wait(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const wait = new Settlement(this.#waiting, resolve);
      this.#waiting.add(wait);
      agenda.set(wait, readClock() + milliseconds);
    });
  }

  release(): void {
    for (const wait of [...this.#waiting]) {
      this.#waiting.delete(wait);
      agenda.set(wait, Number.POSITIVE_INFINITY);
      wait.end(true);
    }
  }
}
