import { type BackpressureTarget, OutgoingBudget } from "@portcullis/core/adapter";
import type { BareConnection, BareSocket, Packet } from "../socketio-internals.js";
import { NOT_READING, type Reading } from "./fair-scheduling.js";

/** What an answer about a namespace takes, beside what somebody has chosen of it. */
const REFUSAL = 256;

/** A session, as far as it waits while its client does not read. */
interface Waiting {
  block(): void;
  unblock(): void;
}

/**
 * What the library itself sends to one client, whatever namespaces it is in. It is read once the transport has handed it
 * on: the last frame of a flush, or the response to a poll.
 */
export class Outgoing implements BackpressureTarget {
  readonly #connection: BareConnection;
  readonly #reading: Reading;
  readonly #budget: OutgoingBudget;
  readonly #sessions = new Set<Waiting>();
  /** What counts of the packets that engine.io has not given to the transport. */
  #buffered = 0;
  /** How much more the answer that is being sent may count. */
  #room = 0;
  #limit: number;

  constructor(connection: BareConnection, limit: number, reading: Reading) {
    this.#connection = connection;
    this.#reading = reading;
    this.#limit = limit;
    this.#budget = new OutgoingBudget(limit, this);
    connection.on("packetCreate", this.#count);
    connection.on("flush", this.#follow);
    // Later: whoever hears of the end at the same time ends its session first.
    connection.once("close", () => queueMicrotask(() => this.#budget.free(Number.POSITIVE_INFINITY)));
  }

  get isFull(): boolean {
    return this.#budget.isFull;
  }

  /** A session of this client. */
  join(session: Waiting, limit: number): void {
    this.#limit = Math.max(this.#limit, limit);
    this.#budget.raise(limit);
    this.#sessions.add(session);
    if (this.isFull) session.block();
  }

  part(session: Waiting): void {
    this.#sessions.delete(session);
  }

  block(): void {
    this.#reading.hold(NOT_READING);
    for (const session of this.#sessions) session.block();
  }

  unblock(): void {
    this.#reading.release(NOT_READING);
    for (const session of this.#sessions) {
      // Those that were let go on first have used up what there was.
      if (this.isFull) return;
      session.unblock();
    }
  }

  /**
   * Sends an answer, unless too much is unread.
   *
   * @returns Whether it may go on: if not, the connection must end.
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
   * socket.io is about to answer by itself.
   *
   * @param chosen How many characters somebody has chosen of it.
   * @returns Whether it may go on: if not, the connection must end.
   */
  charge(chosen: number): boolean {
    if (this.#budget.isSpent) return false;
    this.#buffered += this.#budget.add(REFUSAL + chosen);
    return true;
  }

  /** An answer may be of several packets. */
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
      // A connection that has broken says so too. Nothing was read; its end, which comes now, frees all.
      if (transport.socket?._socket?.destroyed) return;
      this.#budget.free(counted);
      counted = 0;
    };
    if (transport.res?.once) for (const event of ["finish", "close"] as const) transport.res.once(event, read);
    else transport.once("drain", read);
  };
}
