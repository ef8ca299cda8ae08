import type { Consumer } from "../../types.js";
import type { Session } from "./session.js";

/** One connection, as an adapter knows it. */
export interface Carrier {
  /** Name of the transport. */
  readonly transport: string;
  /** What the transport calls a connection; `undefined` while it is not open. */
  readonly socket: unknown;
  readonly session: Pick<Session, "close"> | undefined;
  /** Sees to it that it is not opened. */
  abandon(): void;
}

/** The server end of one connection, as rules and handlers see it. */
export class ConnectionConsumer implements Consumer {
  readonly #carrier: Carrier;
  #id: string | undefined;

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
  }

  get id(): string {
    this.#id ??= crypto.randomUUID();
    return this.#id;
  }

  get transport(): string {
    return this.#carrier.transport;
  }

  get raw(): unknown {
    return this.#carrier.socket;
  }

  close(code?: number, reason?: string): void {
    const { session } = this.#carrier;
    if (session) session.close(code, reason);
    else this.#carrier.abandon();
  }
}
