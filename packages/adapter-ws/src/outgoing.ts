import { type BackpressureTarget, OutgoingBudget, type Session } from "@portcullis/core/adapter";
import type { Frame } from "@portcullis/core/codecs";
import { type BareSocket, OPEN } from "./ws-internals.js";

/** The close code Try Again Later (IANA WebSocket Close Code Number Registry), for unread answers. */
const TRY_AGAIN = 1013;

/** The connection that answers are sent over. */
export interface OutgoingTarget extends BackpressureTarget {
  readonly raw: BareSocket | undefined;
  readonly session: Pick<Session, "close" | "end"> | undefined;
  readonly isBroken: boolean;
}

/** Sends the answers of one connection, within the budget of unread bytes. */
export class Outgoing extends OutgoingBudget {
  readonly #target: OutgoingTarget;
  /** Bytes of all answers so far, as the budget counts them, and of those that ws has written. */
  #sent = 0;
  #flushed = 0;

  /** @param limit Bytes: `limits.unread`. */
  constructor(limit: number, target: OutgoingTarget) {
    super(limit, target);
    this.#target = target;
  }

  /**
   * Sends an answer. When `bufferedAmount` is 0, ws has written all earlier answers, and no callback is needed.
   *
   * INVARIANT: every answer of the library over an open socket is sent here, so that the budget counts it.
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

  /**
   * Frees the budget of a closed connection. Nobody reads the unread answers, so no message waits for that any more.
   */
  discard(): void {
    this.#flush(this.#sent);
  }

  /** INVARIANT: a broken connection ends its session first, so that no waiting message reaches a handler. */
  #markSent(position: number): void {
    // Node calls back without an error where the connection was destroyed.
    if (this.#target.isBroken) this.#target.session?.end();
    this.#flush(position);
  }

  /** Frees the answers up to a position. ws has written them, or never will. */
  #flush(position: number): void {
    if (position <= this.#flushed) return;
    const read = position - this.#flushed;
    this.#flushed = position;
    this.free(read);
  }
}
