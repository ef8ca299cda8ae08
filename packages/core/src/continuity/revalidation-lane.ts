/** A connection that waits in a lane. */
export interface WaitingConnection {
  /** True while a message waits for the authentication. */
  readonly isAwaited: boolean;
}

/** Of so many places one goes to a connection without a message, which would wait for ever behind a busy guard. */
const SILENT_EVERY = 4;

/** Connections that wait for their turn: those with a message first, but not always. */
export class RevalidationLane<T extends WaitingConnection> {
  readonly #urgent = new Set<T>();
  readonly #silent = new Set<T>();
  #places = 0;

  get size(): number {
    return this.#urgent.size + this.#silent.size;
  }

  /** True while a connection with a message waits. */
  get isAwaited(): boolean {
    return this.#urgent.size > 0;
  }

  add(one: T): void {
    if (this.#urgent.has(one)) return;
    this.#silent.add(one);
    if (one.isAwaited) this.hasten(one);
  }

  /** Lets a connection that waits go first, because a message of it waits. */
  hasten(one: T): void {
    if (this.#silent.delete(one)) this.#urgent.add(one);
  }

  remove(one: T): void {
    this.#urgent.delete(one);
    this.#silent.delete(one);
  }

  /** Removes the connection whose turn it is, and returns it. */
  take(): T | undefined {
    const isForSilent = this.#places % SILENT_EVERY === 0;
    const one = isForSilent
      ? (first(this.#silent) ?? first(this.#urgent))
      : (first(this.#urgent) ?? first(this.#silent));
    if (one === undefined) return undefined;
    this.#places += 1;
    this.remove(one);
    return one;
  }
}

function first<T>(set: ReadonlySet<T>): T | undefined {
  for (const one of set) return one;
  return undefined;
}
