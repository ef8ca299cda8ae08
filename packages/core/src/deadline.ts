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
  /** Stands between the last and the first of the ring. */
  readonly #head: Expiring = { previous: undefined, next: undefined, due: 0, expire() {} };
  #tick = 0;
  #isTicking = false;

  constructor(milliseconds: number) {
    this.#interval = Math.max(1, milliseconds / TICKS);
    this.#head.previous = this.#head.next = this.#head;
  }

  add(wait: Expiring): void {
    wait.due = this.#tick + TICKS + 1;
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
      this.#tick += 1;
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
    for (let wait = head.next as Expiring; wait !== head && wait.due <= this.#tick; wait = head.next as Expiring) {
      endWait(wait);
      wait.expire();
    }
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
