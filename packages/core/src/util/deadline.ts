import { readClock } from "./clock.js";

/** A wait that ends at its deadline. It is a node of a linked list, so that adding and removing it costs little. */
export interface TimeoutNode {
  previous: TimeoutNode | undefined;
  next: TimeoutNode | undefined;
  /** The value of `performance.now()` from which on the wait is overdue. */
  due: number;
  expire(): void;
}

/** Ticks in the length of a wait. A wait ends at most one tick late. */
const TICKS = 20;
/** Milliseconds of the longest tick. A process without waits may stay alive for so long. */
const LONGEST_TICK = 250;

/** Sentinel of a circular list. Never expires. */
class Head implements TimeoutNode {
  previous: TimeoutNode | undefined = this;
  next: TimeoutNode | undefined = this;
  due = 0;

  expire(): void {}
}

/**
 * All waits of one length, in the order of their begin, watched by one coarse timer. A wait of 5 s ends after 5 s to
 * 5.25 s, or as soon as the event loop is free again. No wait sets a timer of its own. Without waits, the next tick is the
 * last. The timer is not unreferenced before, because that costs more than all the rest of a wait.
 *
 * INVARIANT: time is read at the begin of a wait and at each tick. Ticks cannot be counted, because one tick stands for
 * many when the event loop stalls.
 */
export class TimeoutList {
  readonly #milliseconds: number;
  readonly #interval: number;
  readonly #head = new Head();
  /** The function that set the timer; `undefined` where none is set. */
  #setter: typeof setTimeout | undefined;
  /** The time of the next tick. */
  #tick = 0;
  /** Counts the timers. A timer that was replaced sets no further one. */
  #turn = 0;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
    this.#interval = Math.max(1, Math.min(milliseconds / TICKS, LONGEST_TICK));
  }

  add(wait: TimeoutNode): void {
    const now = readClock();
    wait.due = now + this.#milliseconds;
    const head = this.#head;
    const last = head.previous as TimeoutNode;
    wait.previous = last;
    wait.next = head;
    last.next = head.previous = wait;
    if (this.#isDead(now)) this.#schedule(now);
  }

  /**
   * True when no timer will tick. None is set, or it belongs to a replaced clock (fake timers of a test), or it is late
   * (some runtimes end the timers of a request with the request). A timer that is only late ticks too.
   */
  #isDead(now: number): boolean {
    return this.#setter !== setTimeout || Math.abs(now - this.#tick) > 2 * this.#interval;
  }

  #schedule(now: number): void {
    const turn = ++this.#turn;
    this.#setter = setTimeout;
    this.#tick = now + this.#interval;
    setTimeout(() => {
      try {
        this.#expireDue();
      } finally {
        if (turn === this.#turn) {
          this.#setter = undefined;
          if (this.#head.next !== this.#head) this.#schedule(readClock());
        }
      }
    }, this.#interval);
  }

  #expireDue(): void {
    const head = this.#head;
    const now = readClock();
    for (
      let wait = head.next as TimeoutNode;
      wait !== head && this.#isDue(wait, now);
      wait = head.next as TimeoutNode
    ) {
      cancelTimeout(wait);
      wait.expire();
    }
  }

  /**
   * True for an overdue wait. Also true when the clock has gone back, because a wait that is too short is better than
   * an endless one.
   */
  #isDue({ due }: TimeoutNode, now: number): boolean {
    return now >= due || due - now > 2 * this.#milliseconds;
  }
}

const byLength = new Map<number, TimeoutList>();
const MAX_LENGTHS = 64;

/**
 * Returns the list for waits of a length.
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

/** Removes a wait from its list, if it is in one. */
export function cancelTimeout(wait: TimeoutNode): void {
  const { previous, next } = wait;
  if (previous === undefined) return;
  previous.next = next;
  (next as TimeoutNode).previous = previous;
  wait.previous = wait.next = undefined;
}

/**
 * True when a wait is past its deadline and has not been ended, because the event loop was blocked. An answer that
 * arrives now is late.
 */
export function isOverdue(wait: TimeoutNode): boolean {
  return wait.previous !== undefined && readClock() >= wait.due;
}

/** A callback after a time, unless it is cancelled before. */
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
