/** A connection that can be authenticated again. */
export interface Revalidated {
  /** True while a message waits for the authentication. */
  readonly isAwaited: boolean;
  /** Begins one authentication. Calls back once it has an answer, whether that settles anything or not. */
  revalidate(whenDone: () => void): void;
}

/** Of so many places one goes to a connection without a message, which would wait for ever behind a busy guard. */
const SILENT_EVERY = 4;

/**
 * The connections of one guard whose revalidation is due. At most `concurrency` of them are authenticated at once. A place
 * is held for one question: a connection that must be asked again joins behind the others.
 */
export class RevalidationQueue {
  readonly #concurrency: number;
  readonly #urgent = new Set<Revalidated>();
  readonly #waiting = new Set<Revalidated>();
  #running = 0;
  #places = 0;

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  /** The number of connections that wait. */
  get size(): number {
    return this.#urgent.size + this.#waiting.size;
  }

  add(one: Revalidated): void {
    if (!this.#urgent.has(one)) this.#waiting.add(one);
    if (one.isAwaited) this.hasten(one);
    this.#next();
  }

  /** Lets a connection that waits go first, because a message of it waits. */
  hasten(one: Revalidated): void {
    if (this.#waiting.delete(one)) this.#urgent.add(one);
  }

  remove(one: Revalidated): void {
    this.#urgent.delete(one);
    this.#waiting.delete(one);
  }

  /** Returns the connection whose turn it is: one with a message first, but not always. */
  #take(): Revalidated | undefined {
    const [one, other] =
      this.#places % SILENT_EVERY === 0 ? [this.#waiting, this.#urgent] : [this.#urgent, this.#waiting];
    return first(one) ?? first(other);
  }

  #next(): void {
    while (this.#running < this.#concurrency) {
      const one = this.#take();
      if (one === undefined) return;
      this.remove(one);
      this.#running += 1;
      this.#places += 1;
      let isDone = false;
      one.revalidate(() => {
        if (isDone) return;
        isDone = true;
        this.#running -= 1;
        // Later, because the one that is done may be in the middle of something.
        queueMicrotask(() => this.#next());
      });
    }
  }
}

function first<T>(set: ReadonlySet<T>): T | undefined {
  for (const one of set) return one;
  return undefined;
}
