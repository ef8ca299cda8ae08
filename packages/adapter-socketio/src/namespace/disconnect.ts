import { type Session, throwAsync } from "@portcullis/core/adapter";
import type { EngineConnection } from "../engine/engine-connection.js";
import type { Message } from "./event.js";

/** The disconnect reason of socket.io for a client that left in an orderly way. */
const CLIENT_HAS_LEFT = "client namespace disconnect";
/** The disconnect reason when the connection is closed after that. */
const TRANSPORT_CLOSED = "transport close";

/** Ends one session when its socket closes. If the client left the namespace, all earlier events are decided before. */
export class Disconnect {
  readonly #engine: EngineConnection;
  readonly #name: string;
  readonly #session: Session<Message>;
  /** True when the client has left, and earlier events of it are still being decided. */
  #isLeaving = false;

  /** @param name The name of the namespace. */
  constructor(engine: EngineConnection, name: string, session: Session<Message>) {
    this.#engine = engine;
    this.#name = name;
    this.#session = session;
  }

  /** @param close Closes the socket, and calls the listeners of the application. */
  handle(reason: string, close: () => unknown): unknown {
    const session = this.#session;
    if (this.#isLeaving) {
      if (reason !== TRANSPORT_CLOSED) session.end();
      return undefined;
    }
    if (reason === CLIENT_HAS_LEFT) {
      this.#leave(close);
      return undefined;
    }
    this.#end();
    return close();
  }

  #leave(close: () => unknown): void {
    this.#isLeaving = true;
    const finish = this.#engine.membership.leave(this.#name);
    this.#session.drain(() => {
      this.#end();
      try {
        close();
      } catch (error) {
        throwAsync(error);
      } finally {
        finish();
      }
    });
  }

  #end(): void {
    this.#engine.outgoing.part(this.#session);
    this.#session.end();
  }
}
