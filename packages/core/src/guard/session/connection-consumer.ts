import type { Consumer } from "../../types.js";
import { checkClose } from "./close-code.js";
import type { Connection } from "./connection.js";

/** The part of a connection that a consumer exposes. */
type ConsumerSource = Pick<Connection, "transport" | "raw">;

/** The owner of a consumer: the evaluation of its handshake, and its session once it is open. */
export interface ConsumerOwner extends Pick<Consumer, "close"> {
  /** Hears that the id was read for the first time. Nobody can name the connection by it before. */
  noteId?(): void;
}

/** The server end of one connection, as rules and handlers see it. */
export class ConnectionConsumer implements Consumer {
  readonly #connection: ConsumerSource;
  #id: string | undefined;

  /** @param owner Closes the connection. */
  constructor(
    connection: ConsumerSource,
    public owner: ConsumerOwner,
  ) {
    this.#connection = connection;
  }

  get id(): string {
    if (this.#id === undefined) {
      this.#id = randomId();
      this.owner.noteId?.();
    }
    return this.#id;
  }

  /** The id, if it was read. */
  get knownId(): string | undefined {
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

/**
 * Makes an id. V8 joins that of Node of 14 strings, which take 450 bytes as long as nobody needs them as one string.
 * `toLowerCase()` makes it one string of 60 bytes.
 */
function randomId(): string {
  return crypto.randomUUID().toLowerCase();
}
