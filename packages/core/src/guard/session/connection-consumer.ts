import type { Consumer } from "../../types.js";
import { checkClose } from "./close-code.js";
import type { Connection } from "./connection.js";

/** The part of a connection that a consumer exposes. */
type ConsumerSource = Pick<Connection, "transport" | "raw">;

/** The server end of one connection, as rules and handlers see it. */
export class ConnectionConsumer implements Consumer {
  readonly #connection: ConsumerSource;
  #id: string | undefined;

  /** @param owner Closes the connection: the evaluation of its handshake, and its session once it is open. */
  constructor(
    connection: ConsumerSource,
    public owner: Pick<Consumer, "close">,
  ) {
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
    this.owner.close(code, reason);
  }
}
