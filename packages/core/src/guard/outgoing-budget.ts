/** Bytes that an answer counts in addition to its own. */
const ENVELOPE = 64;

/** Applies backpressure to a client that does not read. */
export interface BackpressureTarget {
  /** Called when the budget is used up. Stops reading from the client, and holds the messages of its sessions. */
  block(): void;
  /** Called when there is room again. Answers that are sent during the call may use it up once more. */
  unblock(): void;
}

/**
 * Counts the bytes that the library itself has sent over one connection and the client has not read: refusals, answers
 * of handlers, and messages about connecting. Messages that the application sends itself do not count.
 *
 * INVARIANT: by not reading, a client makes the server buffer at most twice the limit, and one answer more.
 */
export class OutgoingBudget {
  readonly #outlet: BackpressureTarget;
  #limit: number;
  #unread = 0;
  #isFull = false;

  /** @param limit Bytes, from `limits.unread`. */
  constructor(limit: number, outlet: BackpressureTarget) {
    this.#limit = limit;
    this.#outlet = outlet;
  }

  /** True when the client has to read before it is answered again. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** True when so much is unread that the connection must end, instead of another answer. */
  get isSpent(): boolean {
    return this.#unread >= 2 * this.#limit;
  }

  /** Raises the limit. When several guards share the connection, the largest of their limits counts. */
  raise(limit: number): void {
    if (limit > this.#limit) this.#limit = limit;
  }

  /**
   * Counts a sent answer, with at most the whole limit, so that a large one alone does not end the connection.
   *
   * @returns The counted bytes, to be passed to `free` once the client has read the answer.
   */
  add(bytes: number): number {
    const taken = bytes + ENVELOPE;
    // Written so that `NaN` counts as the whole limit.
    const counted = taken < this.#limit ? taken : this.#limit;
    this.#unread += counted;
    if (!this.#isFull && this.#unread >= this.#limit) {
      this.#isFull = true;
      this.#outlet.block();
    }
    return counted;
  }

  /** Releases the counted bytes of answers that the client has read. */
  free(counted: number): void {
    this.#unread = Math.max(0, this.#unread - counted);
    if (!this.#isFull || this.#unread >= this.#limit) return;
    this.#isFull = false;
    this.#outlet.unblock();
  }
}
