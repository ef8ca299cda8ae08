/** Something that ends when its time is up. Links make adding and removing one cost next to nothing. */
export interface Expiring {
  previous: Expiring | undefined;
  next: Expiring | undefined;
  /** The time of `performance.now()` from which on it is too late. */
  due: number;
  expire(): void;
}

/** A deadline is met within this part of its length. */
const TICKS = 20;

/**
 * All waits of one length, in the order they began, watched by one coarse timer: a wait of 5 s ends after 5 s to 5.25 s,
 * or as soon as the event loop is free again. No wait sets a timer of its own, and none is left when nothing waits.
 *
 * INVARIANT: time is read where a wait begins and at each tick. Ticks cannot be counted: where the event loop stalls, one
 * stands for many.
 */
export class Deadlines {
  readonly #milliseconds: number;
  readonly #interval: number;
  /** Stands between the last and the first of the ring, and never expires. */
  readonly #head = { previous: undefined, next: undefined, due: 0 } as unknown as Expiring;
  #isTicking = false;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
    this.#interval = Math.max(1, milliseconds / TICKS);
    this.#head.previous = this.#head.next = this.#head;
  }

  add(wait: Expiring): void {
    wait.due = performance.now() + this.#milliseconds;
    const head = this.#head;
    const last = head.previous as Expiring;
    wait.previous = last;
    wait.next = head;
    last.next = head.previous = wait;
    if (!this.#isTicking) this.#schedule();
  }

  #schedule(): void {
    this.#isTicking = true;
    setTimeout(() => {
      try {
        this.#expireDue();
      } finally {
        this.#isTicking = false;
        if (this.#head.next !== this.#head) this.#schedule();
      }
    }, this.#interval);
  }

  #expireDue(): void {
    const head = this.#head;
    const now = performance.now();
    for (let wait = head.next as Expiring; wait !== head && this.#isDue(wait, now); wait = head.next as Expiring) {
      endWait(wait);
      wait.expire();
    }
  }

  /** A clock that has gone back tells nothing of how long something waits: better too short than for ever. */
  #isDue({ due }: Expiring, now: number): boolean {
    return now >= due || due - now > 2 * this.#milliseconds;
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

/** Takes a wait out of whatever deadlines it is in, if any. */
export function endWait(wait: Expiring): void {
  const { previous, next } = wait;
  if (previous === undefined) return;
  previous.next = next;
  (next as Expiring).previous = previous;
  wait.previous = wait.next = undefined;
}

/**
 * Whether the time of a wait is up that nothing has ended yet: the event loop was held up, and what arrives now is too
 * late all the same.
 */
export function isOverdue(wait: Expiring): boolean {
  return wait.previous !== undefined && performance.now() >= wait.due;
}

/** Something that happens later, unless it is ended before. */
export class Wait implements Expiring {
  previous: Expiring | undefined;
  next: Expiring | undefined;
  due = 0;

  constructor(
    milliseconds: number,
    readonly expire: () => void,
  ) {
    deadlinesOf(milliseconds).add(this);
  }

  end(): void {
    endWait(this);
  }
}
