import type { Decision } from "../../decision/decision-types.js";
import { throwAsync } from "../../util/throw-async.js";
import type { ClientMessage, Connection, ReplyOptions } from "./connection.js";

/** The session that a transport belongs to. */
export interface TransportOwner {
  reportFault(message: Pick<ClientMessage, "action">, error: unknown, by: string): void;
  close(code: number, reason: string): void;
}

/**
 * Flow control of a connection, as an adapter implements it. An adapter that throws ends the session; one that calls back
 * twice is heard once.
 */
export class Transport<M extends ClientMessage> {
  readonly #connection: Connection<M>;
  readonly #owner: TransportOwner;

  constructor(connection: Connection<M>, owner: TransportOwner) {
    this.#connection = connection;
    this.#owner = owner;
  }

  pause(): void {
    this.#call("pause", (connection) => connection.pause());
  }

  resume(): void {
    this.#call("resume", (connection) => connection.resume());
  }

  throttle(isThrottled: boolean): void {
    this.#call("throttle", (connection) => connection.throttle?.(isThrottled));
  }

  /** Throttles, and pauses the transport too. */
  get held(): Pick<Connection, "throttle"> {
    return {
      throttle: (isThrottled) => {
        this.throttle(isThrottled);
        if (isThrottled) this.pause();
        else this.resume();
      },
    };
  }

  /** @throws An error of the adapter, which refuses the message then. */
  reply(message: M, data: unknown, options: ReplyOptions): void {
    this.#connection.reply(message, data, options);
  }

  sendRefusal(message: M, decision: Decision): void {
    this.#call("sendRefusal", (connection) => connection.sendRefusal(message, decision));
  }

  /** Calls back once, also where the adapter throws. */
  flush(whenFlushed: () => void): void {
    let isFlushed = false;
    const once = () => {
      if (isFlushed) return;
      isFlushed = true;
      whenFlushed();
    };
    if (!this.#call("flush", (connection) => connection.flush?.(once))) once();
  }

  /** Ends the session, because its messages would wait for ever. A listener of the application may throw at its end. */
  #end(): void {
    try {
      this.#owner.close(1011, "internal error");
    } catch (error) {
      throwAsync(error);
    }
  }

  /** @returns False where the adapter has thrown. */
  #call(method: string, action: (connection: Connection<M>) => void): boolean {
    try {
      action(this.#connection);
      return true;
    } catch (error) {
      this.#owner.reportFault({ action: method }, error, "adapter");
      this.#end();
      return false;
    }
  }
}
