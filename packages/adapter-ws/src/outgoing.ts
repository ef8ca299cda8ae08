import { type BackpressureTarget, OutgoingBudget, type Session } from "@portcullis/core/adapter";
import type { Frame } from "./codecs/codec.js";
import { type BareSocket, OPEN } from "./ws-internals.js";

/** The client does not read its answers: it may try again later (RFC 6455, section 7.4.1). */
const TRY_AGAIN = 1013;

/** The connection that answers are sent over. */
export interface OutgoingTarget extends BackpressureTarget {
  readonly raw: BareSocket | undefined;
  readonly session: Pick<Session, "close" | "end"> | undefined;
  readonly isBroken: boolean;
}

/** The answers of one connection, within the budget of what its client has not read. */
export class Outgoing extends OutgoingBudget {
  readonly #target: OutgoingTarget;
  /** The size of all answers so far, as the budget counts them, and of those that ws has handed on. */
  #sent = 0;
  #flushed = 0;

  /** @param limit Bytes: `limits.unread`. */
  constructor(limit: number, target: OutgoingTarget) {
    super(limit, target);
    this.#target = target;
  }

  /**
   * Sends an answer. INVARIANT: every answer of the library over an open socket goes this way, so that it counts. Where
   * nothing is left of what was sent before, ws has handed it on, and no callback is needed to know.
   */
  send(frame: Frame | undefined): void {
    const socket = this.#target.raw as BareSocket;
    if (frame === undefined || socket.readyState !== OPEN) return;
    if (socket.bufferedAmount === 0) this.#markSent(this.#sent);
    if (this.isSpent) {
      this.#target.session?.close(TRY_AGAIN, "answers are not read");
      return;
    }
    const position = this.#sent + this.add(frame.length);
    this.#sent = position;
    if (!this.isFull && socket.bufferedAmount === 0) socket.send(frame);
    else socket.send(frame, () => this.#markSent(position));
  }

  /** The connection has closed. Nobody will read what is left, so no message waits for that any more. */
  discard(): void {
    this.#flush(this.#sent);
  }

  /** INVARIANT: no message that waits reaches a handler because the connection has broken. */
  #markSent(position: number): void {
    // Node calls back without an error where the connection was destroyed.
    if (this.#target.isBroken) this.#target.session?.end();
    this.#flush(position);
  }

  /** ws has handed on the answers up to a position, or will never do so: nothing is left of them here. */
  #flush(position: number): void {
    if (position <= this.#flushed) return;
    const read = position - this.#flushed;
    this.#flushed = position;
    this.free(read);
  }
}
