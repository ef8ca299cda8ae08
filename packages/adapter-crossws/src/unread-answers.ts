import { type BackpressureTarget, OutgoingBudget, Timeout } from "@portcullis/core/adapter";
import type { Peer } from "crossws";

/** Milliseconds between two looks at the buffer of a client that does not read. */
const POLL_MS = 50;

/**
 * Counts the answers that a client has not read. crossws does not say when one has been sent, only how many bytes wait,
 * so the counted ones shrink with them.
 */
export class UnreadAnswers implements BackpressureTarget {
  readonly #budget: OutgoingBudget;
  readonly #session: BackpressureTarget;
  readonly #peer: Pick<Peer, "bufferedAmount">;
  #counted = 0;
  #bytes = 0;
  #timeout: Timeout | undefined;

  /** @param limit Bytes, from `limits.unread`. */
  constructor(limit: number, session: BackpressureTarget, peer: Pick<Peer, "bufferedAmount">) {
    this.#budget = new OutgoingBudget(limit, this);
    this.#session = session;
    this.#peer = peer;
  }

  /** True when the connection must end, instead of another answer. */
  get isSpent(): boolean {
    return this.#budget.isSpent;
  }

  /** Counts a sent answer. */
  add(bytes: number): void {
    this.#counted += this.#budget.add(bytes);
    this.#bytes += bytes;
    this.update();
  }

  /** Releases what has left the buffer. Bytes of the application count as ours while they wait with ours. */
  update(): void {
    const share = this.#bytes === 0 ? 0 : Math.min(1, this.#peer.bufferedAmount / this.#bytes);
    const freed = this.#counted * (1 - share);
    this.#counted -= freed;
    this.#bytes *= share;
    this.#budget.free(freed);
  }

  /** Releases everything, because nobody reads any more. */
  end(): void {
    this.#timeout?.cancel();
    this.#counted = this.#bytes = 0;
    this.#budget.free(Number.POSITIVE_INFINITY);
  }

  block(): void {
    this.#session.block();
    this.#poll();
  }

  unblock(): void {
    this.#timeout?.cancel();
    this.#session.unblock();
  }

  #poll(): void {
    this.#timeout = new Timeout(POLL_MS, () => {
      this.update();
      if (this.#budget.isFull) this.#poll();
    });
  }
}
