/** Something that ends when its time is up. Links make adding and removing one cost next to nothing. */
export interface TimeoutNode {
  previous: TimeoutNode | undefined;
  next: TimeoutNode | undefined;
  /** The time of `performance.now()` from which on it is too late. */
  due: number;
  expire(): void;
}

/** A deadline is met within this part of its length. */
const TICKS = 20;

/** A timer of Node holds its process or not; one that is a number, as in a browser, has neither method. */
type Timer = { ref?(): unknown; unref?(): unknown } | undefined;

/** Stands between the last and the first of a ring, and never expires. */
class Head implements TimeoutNode {
  previous: TimeoutNode | undefined = this;
  next: TimeoutNode | undefined = this;
  due = 0;
  timer: Timer;

  expire(): void {}
}

/**
 * All waits of one length, in the order they began, watched by one coarse timer: a wait of 5 s ends after 5 s to 5.25 s,
 * or as soon as the event loop is free again. No wait sets a timer of its own. While nothing waits, the timer holds no
 * process, and the next tick is the last.
 *
 * INVARIANT: time is read where a wait begins and at each tick. Ticks cannot be counted: where the event loop stalls, one
 * stands for many.
 */
export class TimeoutList {
  readonly #milliseconds: number;
  readonly #interval: number;
  readonly #head = new Head();
  /** The function that set the timer; `undefined` where none is set. */
  #setter: typeof setTimeout | undefined;
  /** When the timer is to tick. */
  #tick = 0;
  /** Counts the timers: one that another has replaced sets no further one. */
  #turn = 0;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
    this.#interval = Math.max(1, milliseconds / TICKS);
  }

  add(wait: TimeoutNode): void {
    const now = performance.now();
    wait.due = now + this.#milliseconds;
    const head = this.#head;
    const last = head.previous as TimeoutNode;
    wait.previous = last;
    wait.next = head;
    last.next = head.previous = wait;
    if (this.#isDead(now)) this.#schedule(now);
    else if (last === head) head.timer?.ref?.();
  }

  /**
   * Whether no timer will tick: none is set, or the one that is set belongs to a clock that was exchanged (fake timers of
   * a test), or it is late (a runtime ends the timers of a request with the request). One that is only late ticks too.
   */
  #isDead(now: number): boolean {
    return this.#setter !== setTimeout || Math.abs(now - this.#tick) > 2 * this.#interval;
  }

  #schedule(now: number): void {
    const turn = ++this.#turn;
    this.#setter = setTimeout;
    this.#tick = now + this.#interval;
    this.#head.timer = setTimeout(() => {
      try {
        this.#expireDue();
      } finally {
        if (turn === this.#turn) {
          this.#setter = undefined;
          if (this.#head.next !== this.#head) this.#schedule(performance.now());
        }
      }
    }, this.#interval) as unknown as Timer;
  }

  #expireDue(): void {
    const head = this.#head;
    const now = performance.now();
    for (
      let wait = head.next as TimeoutNode;
      wait !== head && this.#isDue(wait, now);
      wait = head.next as TimeoutNode
    ) {
      cancelTimeout(wait);
      wait.expire();
    }
  }

  /** A clock that has gone back tells nothing of how long something waits: better too short than for ever. */
  #isDue({ due }: TimeoutNode, now: number): boolean {
    return now >= due || due - now > 2 * this.#milliseconds;
  }
}

const byLength = new Map<number, TimeoutList>();
const MAX_LENGTHS = 64;

/**
 * The deadlines of a length.
 *
 * @param milliseconds More than 0.
 */
export function timeoutListOf(milliseconds: number): TimeoutList {
  let deadlines = byLength.get(milliseconds);
  if (deadlines === undefined) {
    deadlines = new TimeoutList(milliseconds);
    if (byLength.size < MAX_LENGTHS) byLength.set(milliseconds, deadlines);
  }
  return deadlines;
}

/** Takes a wait out of whatever deadlines it is in, if any. */
export function cancelTimeout(wait: TimeoutNode): void {
  const { previous, next } = wait;
  if (previous === undefined) return;
  previous.next = next;
  (next as TimeoutNode).previous = previous;
  wait.previous = wait.next = undefined;
  // Only the head is on both sides of the last one.
  if (previous === next) (previous as Head).timer?.unref?.();
}

/**
 * Whether the time of a wait is up that nothing has ended yet: the event loop was held up, and what arrives now is too
 * late all the same.
 */
export function isOverdue(wait: TimeoutNode): boolean {
  return wait.previous !== undefined && performance.now() >= wait.due;
}

/** Something that happens later, unless it is ended before. */
export class Timeout implements TimeoutNode {
  previous: TimeoutNode | undefined;
  next: TimeoutNode | undefined;
  due = 0;

  constructor(
    milliseconds: number,
    readonly expire: () => void,
  ) {
    timeoutListOf(milliseconds).add(this);
  }

  cancel(): void {
    cancelTimeout(this);
  }
}
