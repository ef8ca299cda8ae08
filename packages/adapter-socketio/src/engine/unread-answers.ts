import { type BackpressureTarget, OutgoingBudget } from "@portcullis/core/adapter";
import type { BareConnection, BareSocket, Packet } from "../socketio-internals.js";
import { NOT_READING, type ReadControl } from "./fair-scheduling.js";

/** The characters of an answer about a namespace, without those that the client or the application has chosen. */
const REFUSAL = 256;

/** A session that waits while its client does not read. */
interface BlockableSession {
  block(): void;
  unblock(): void;
}

/**
 * Counts the unread answers of the library to one client, in all its namespaces. Answers count as read once the
 * transport has written the last frame of a flush, or the response to a poll.
 */
export class UnreadAnswers implements BackpressureTarget {
  readonly #connection: BareConnection;
  readonly #reading: ReadControl;
  readonly #budget: OutgoingBudget;
  readonly #sessions = new Set<BlockableSession>();
  /** The counted bytes of packets that engine.io has not passed to the transport yet. */
  #buffered = 0;
  /** The bytes that may still be counted for the answer being sent. */
  #room = 0;
  #limit: number;

  constructor(connection: BareConnection, limit: number, reading: ReadControl) {
    this.#connection = connection;
    this.#reading = reading;
    this.#limit = limit;
    this.#budget = new OutgoingBudget(limit, this);
    connection.on("packetCreate", this.#count);
    connection.on("flush", this.#follow);
    // Deferred, because other `close` listeners must end their sessions first.
    connection.once("close", () => queueMicrotask(() => this.#budget.free(Number.POSITIVE_INFINITY)));
  }

  get isFull(): boolean {
    return this.#budget.isFull;
  }

  /** Adds a session of this client. */
  join(session: BlockableSession, limit: number): void {
    this.#limit = Math.max(this.#limit, limit);
    this.#budget.raise(limit);
    this.#sessions.add(session);
    if (this.isFull) session.block();
  }

  part(session: BlockableSession): void {
    this.#sessions.delete(session);
  }

  block(): void {
    this.#reading.pauseReading(NOT_READING);
    for (const session of this.#sessions) session.block();
  }

  unblock(): void {
    this.#reading.resumeReading(NOT_READING);
    for (const session of this.#sessions) {
      // The sessions unblocked first may have filled the budget again.
      if (this.isFull) return;
      session.unblock();
    }
  }

  /**
   * Sends an answer, unless too much is unread.
   *
   * @returns False when the connection must end.
   */
  send(socket: BareSocket, packet: Packet): boolean {
    if (this.#budget.isSpent) return false;
    this.#room = this.#limit;
    try {
      socket.packet(packet);
    } finally {
      this.#room = 0;
    }
    return true;
  }

  /**
   * Counts an answer that socket.io itself is about to send.
   *
   * @param chosen Characters of the answer that the client or the application has chosen.
   * @returns False when the connection must end.
   */
  charge(chosen: number): boolean {
    if (this.#budget.isSpent) return false;
    this.#buffered += this.#budget.add(REFUSAL + chosen);
    return true;
  }

  /** Counts the packets of the current answer, which may be several. */
  readonly #count = ({ data }: { readonly data?: string | Uint8Array }): void => {
    const bytes = Math.min(data?.length ?? 0, this.#room);
    if (this.#room === 0) return;
    this.#room -= bytes;
    this.#buffered += this.#budget.add(bytes);
  };

  readonly #follow = (): void => {
    let counted = this.#buffered;
    if (counted === 0) return;
    this.#buffered = 0;
    const { transport } = this.#connection;
    const read = () => {
      // A broken connection also emits these events, but nothing was read. Its close, which follows, frees all bytes.
      if (transport.socket?._socket?.destroyed) return;
      this.#budget.free(counted);
      counted = 0;
    };
    if (transport.res?.once) for (const event of ["finish", "close"] as const) transport.res.once(event, read);
    else transport.once("drain", read);
  };
}
