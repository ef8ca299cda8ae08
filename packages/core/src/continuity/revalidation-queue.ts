import { readClock } from "../util/clock.js";
import { Timeout } from "../util/deadline.js";
import { RevalidationLane, type WaitingConnection } from "./revalidation-lane.js";

/** A connection that can be authenticated again. */
export interface Revalidated extends WaitingConnection {
  /** True when its last authentication has met a fault. */
  readonly hasFailed: boolean;
  /**
   * Begins one authentication.
   *
   * @param whenDone Called once it has an answer, whether that settles anything or not. True says that it met a fault.
   */
  revalidate(whenDone: (isFault: boolean) => void): void;
}

/** Of so many places one goes to a retry that is behind others, where no other retry has a place. */
const RETRY_EVERY = 16;
/** Milliseconds for which a place stays taken after a fault that came sooner. Otherwise such faults would be a storm. */
const REST = 100;

/**
 * The connections of one guard whose revalidation is due. At most `concurrency` of them are authenticated at once. A place
 * is held for one question: a connection that must be asked again joins behind the others.
 *
 * INVARIANT: connections that have met a fault take at most half of the places, and one where there is one. The next
 * authentication of such a connection may hang again, and must not keep the others out.
 */
export class RevalidationQueue {
  readonly #concurrency: number;
  readonly #first = new RevalidationLane<Revalidated>();
  readonly #retries = new RevalidationLane<Revalidated>();
  #running = 0;
  #retrying = 0;
  #places = 0;

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  /** The number of connections that wait. */
  get size(): number {
    return this.#first.size + this.#retries.size;
  }

  add(one: Revalidated): void {
    const [lane, other] = one.hasFailed ? [this.#retries, this.#first] : [this.#first, this.#retries];
    other.remove(one);
    lane.add(one);
    this.#next();
  }

  /** Lets a connection that waits go first, because a message of it waits. */
  hasten(one: Revalidated): void {
    this.#first.hasten(one);
    this.#retries.hasten(one);
  }

  remove(one: Revalidated): void {
    this.#first.remove(one);
    this.#retries.remove(one);
  }

  #next(): void {
    while (this.#running < this.#concurrency) {
      const isRetry = this.#isRetryNext;
      const one = (isRetry ? this.#retries : this.#first).take();
      if (one === undefined) return;
      this.#begin(one, isRetry ? 1 : 0);
    }
  }

  get #isRetryNext(): boolean {
    const [first, retries] = [this.#first, this.#retries];
    if (retries.size === 0) return false;
    // Those with a message go first, and then those without a fault.
    const isBehind = first.isAwaited || (first.size > 0 && !retries.isAwaited);
    if (isBehind) return this.#retrying === 0 && this.#places % RETRY_EVERY === 0;
    return this.#retrying < Math.max(1, Math.floor(this.#concurrency / 2));
  }

  /** @param retries 1 where the place counts as one of a retry. */
  #begin(one: Revalidated, retries: 0 | 1): void {
    this.#running += 1;
    this.#retrying += retries;
    this.#places += 1;
    const free = () => {
      this.#running -= 1;
      this.#retrying -= retries;
      this.#next();
    };
    const begunAt = readClock();
    let isDone = false;
    one.revalidate((isFault) => {
      if (isDone) return;
      isDone = true;
      if (isFault && readClock() - begunAt < REST) new Timeout(REST, free);
      // Later, because the one that is done may be in the middle of something.
      else queueMicrotask(free);
    });
  }
}
