/** What an answer takes beside its own bytes. */
const ENVELOPE = 64;

/** Who holds a client back while it does not read. */
export interface BackpressureTarget {
  /** The budget is used up: nothing more is read of the client, and its sessions wait. */
  block(): void;
  /** There is room again. Answers that are sent meanwhile may use it up once more. */
  unblock(): void;
}

/**
 * What the library itself has sent over one connection and the client has not read: refusals, answers of handlers, and
 * what is said about connecting. What the application sends by itself does not count.
 *
 * INVARIANT: no client makes the server keep more than twice the limit, and one answer more, by not reading.
 */
export class OutgoingBudget {
  readonly #outlet: BackpressureTarget;
  #limit: number;
  #unread = 0;
  #isFull = false;

  /** @param limit Bytes: `limits.unread`. */
  constructor(limit: number, outlet: BackpressureTarget) {
    this.#limit = limit;
    this.#outlet = outlet;
  }

  /** Whether the client is to read before it is answered again. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Whether so much is unread that the connection must end, in place of another answer. */
  get isSpent(): boolean {
    return this.#unread >= 2 * this.#limit;
  }

  /** Where several guards share the connection, the largest of their limits counts. */
  raise(limit: number): void {
    if (limit > this.#limit) this.#limit = limit;
  }

  /**
   * Counts an answer that is sent: at most for the whole limit, so that a large one alone ends nothing.
   *
   * @returns What it counts, to be given to `free` once the client has read it.
   */
  add(bytes: number): number {
    const taken = bytes + ENVELOPE;
    // So written, what is no number counts most.
    const counted = taken < this.#limit ? taken : this.#limit;
    this.#unread += counted;
    if (!this.#isFull && this.#unread >= this.#limit) {
      this.#isFull = true;
      this.#outlet.block();
    }
    return counted;
  }

  /** The client has read answers that count this much. */
  free(counted: number): void {
    this.#unread = Math.max(0, this.#unread - counted);
    if (!this.#isFull || this.#unread >= this.#limit) return;
    this.#isFull = false;
    this.#outlet.unblock();
  }
}
