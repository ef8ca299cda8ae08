import { randomUUID } from "node:crypto";
import type { Consumer } from "@portcullis/core";
import type { Connection } from "./connection.js";

/** The server end of one connection, as rules and handlers see it. */
export class SocketConsumer implements Consumer {
  readonly #connection: Connection;
  #id: string | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get id(): string {
    this.#id ??= randomUUID();
    return this.#id;
  }

  get transport(): string {
    return "ws";
  }

  get raw(): unknown {
    return this.#connection.socket;
  }

  close(code?: number, reason?: string): void {
    const { session, admission } = this.#connection;
    if (session) session.close(code, reason);
    else {
      this.#connection.isUnwanted = true;
      admission?.abort();
    }
  }
}
