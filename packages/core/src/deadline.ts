/** Something that ends when its time is up. Links make adding and removing one cost next to nothing. */
export interface Expiring {
  previous: Expiring | undefined;
  next: Expiring | undefined;
  /** The tick at which it expires. */
  due: number;
  expire(): void;
}

/** A deadline is met within this part of its length. */
const TICKS = 20;

/**
 * All waits of one length, in the order they began, watched by one coarse timer: a wait of 5 s ends after 5 s to 5.25 s.
 * No wait sets a timer of its own, and none is left when nothing waits.
 */
export class Deadlines {
  readonly #interval: number;
  readonly #head: Expiring = { previous: undefined, next: undefined, due: 0, expire() {} };
  #last: Expiring = this.#head;
  #tick = 0;
  #isTicking = false;

  constructor(milliseconds: number) {
    this.#interval = Math.max(1, milliseconds / TICKS);
  }

  add(wait: Expiring): void {
    wait.due = this.#tick + TICKS + 1;
    wait.previous = this.#last;
    wait.next = undefined;
    this.#last.next = wait;
    this.#last = wait;
    if (!this.#isTicking) this.#schedule();
  }

  remove(wait: Expiring): void {
    const { previous, next } = wait;
    if (previous === undefined) return;
    previous.next = next;
    if (next) next.previous = previous;
    else this.#last = previous;
    wait.previous = wait.next = undefined;
  }

  #schedule(): void {
    this.#isTicking = true;
    setTimeout(() => {
      this.#isTicking = false;
      this.#tick += 1;
      for (let wait = this.#head.next; wait !== undefined && wait.due <= this.#tick; wait = this.#head.next) {
        this.remove(wait);
        wait.expire();
      }
      if (this.#head.next !== undefined && !this.#isTicking) this.#schedule();
    }, this.#interval);
  }
}

const byLength = new Map<number, Deadlines>();
const MAX_LENGTHS = 64;

/**
 * The deadlines of a length.
 *
 * @param milliseconds More than 0.
 */
export function deadlinesOf(milliseconds: number): Deadlines {
  let deadlines = byLength.get(milliseconds);
  if (deadlines === undefined) {
    deadlines = new Deadlines(milliseconds);
    if (byLength.size < MAX_LENGTHS) byLength.set(milliseconds, deadlines);
  }
  return deadlines;
}
