import type { Consumer } from "../../types.js";
import { checkClose } from "./close-code.js";
import type { Connection } from "./connection.js";

/** The part of a connection that a consumer exposes. */
type ConsumerSource = Pick<Connection, "transport" | "raw" | "abort">;

/** The server end of one connection, as rules and handlers see it. */
export class ConnectionConsumer implements Consumer {
  /** Set once the connection is open. */
  session: Pick<Consumer, "close"> | undefined;
  readonly #connection: ConsumerSource;
  #id: string | undefined;

  constructor(connection: ConsumerSource) {
    this.#connection = connection;
  }

  get id(): string {
    this.#id ??= crypto.randomUUID();
    return this.#id;
  }

  get transport(): string {
    return this.#connection.transport;
  }

  get raw(): unknown {
    return this.#connection.raw;
  }

  close(code = 1000, reason = ""): void {
    checkClose(code, reason);
    if (this.session) this.session.close(code, reason);
    else this.#connection.abort();
  }
}
