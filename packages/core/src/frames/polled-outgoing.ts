import type { Frame } from "../codecs/codec.js";
import { type BackpressureTarget, OutgoingBudget } from "../guard/outgoing-budget.js";
import { Timeout } from "../util/deadline.js";

/** Milliseconds between two looks at the buffer of a client that does not read. */
const POLL_MS = 50;

/** A socket that reports the bytes it buffers, but not when a frame has been sent. */
export interface PolledSocket {
  readonly bufferedAmount: number;
  send(frame: Frame): unknown;
}

/** The session that the answers belong to. */
export interface PolledSession extends BackpressureTarget {
  close(code: number, reason: string): void;
}

/**
 * Sends the answers of one connection, within the budget of unread bytes. The counted bytes shrink with the buffer of
 * the socket. Bytes of the application count as answers while they are buffered with answers.
 */
export class PolledOutgoing implements BackpressureTarget {
  readonly #budget: OutgoingBudget;
  readonly #session: PolledSession;
  readonly #socket: PolledSocket;
  #counted = 0;
  #bytes = 0;
  #timeout: Timeout | undefined;
  #isEnded = false;

  /** @param limit Bytes, from `limits.unread`. */
  constructor(limit: number, session: PolledSession, socket: PolledSocket) {
    this.#budget = new OutgoingBudget(limit, this);
    this.#session = session;
    this.#socket = socket;
  }

  /**
   * Sends an answer, or closes the session of a client that does not read (1013). Sends nothing after `end`.
   *
   * @throws The error of the socket.
   */
  send(frame: Frame | undefined): void {
    if (frame === undefined || this.#isEnded) return;
    this.update();
    if (this.#budget.isSpent) {
      this.#session.close(1013, "answers are not read");
      return;
    }
    this.#socket.send(frame);
    this.#counted += this.#budget.add(frame.length);
    this.#bytes += frame.length;
    this.update();
  }

  /** Releases the bytes that have left the buffer. Called too when the transport reports an empty buffer. */
  update(): void {
    const share = this.#bytes === 0 ? 0 : Math.min(1, (this.#socket.bufferedAmount || 0) / this.#bytes);
    const freed = this.#counted * (1 - share);
    this.#counted -= freed;
    this.#bytes *= share;
    this.#budget.free(freed);
  }

  /** Releases all bytes, because the connection is gone. */
  end(): void {
    this.#isEnded = true;
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
