import type { Decision } from "../../decision/decision-types.js";
import type { Payload, Scope } from "../../types.js";
import type { HandshakeInfo } from "../handshake-info.js";

/** One message of a client, as an adapter hands it to its session. An adapter may add fields of its own. */
export interface ClientMessage {
  readonly action: string;
  readonly payload: Payload;
  /** Size on the wire. */
  readonly bytes: number;
  /** Why the codec could not read it; then no rule is asked. */
  readonly refusal?: Decision | undefined;
}

/** Options of a reply. */
export interface ReplyOptions {
  /** Default 200. */
  status?: number;
  /** Default: the action that was asked for. */
  action?: string;
}

/**
 * One connection of a transport: the facts of its handshake, and what a session does with it once it is open. The only
 * thing that an adapter implements. `M` is the adapter's message, `Request` what `authenticate` gets.
 */
export interface Connection<M extends ClientMessage = ClientMessage, Request = unknown> extends HandshakeInfo {
  /** The argument of `authenticate`: the transport's own object for a client. */
  readonly client: Request;
  /** The transport's own socket, which is `consumer.raw`; `undefined` while it is not open. */
  readonly raw: unknown;
  /** Why the handshake itself is wrong. It is then refused, and no rule is asked. */
  readonly refusal?: Decision | undefined;
  /** The message of the handshake, on transports that have one. Rules get it as `message`. */
  readonly message?: Payload;
  /**
   * Makes the scope. Default: a `HandshakeScope` of this connection.
   *
   * @param extra The value that `authenticate` returned.
   * @throws {PermissionMisuse} When `extra` has a name that the scope has already.
   */
  createScope?(extra: Readonly<Record<string, unknown>>): Scope;
  /** Ends the handshake of a connection that is not open yet, so that it is never opened. */
  abort(): void;

  /** Hands an allowed message to the listeners of the application. */
  deliver(message: M): void;
  /** Answers a refused message, exactly once. Never throws. */
  sendRefusal(message: M, decision: Decision): void;
  /** Sends the answer of a handler. Throws where it cannot be written, and then sends nothing of it. */
  reply(message: M, data: unknown, options: ReplyOptions): void;
  /** Stops reading from the client, where the transport can. May be called twice in a row. */
  pause(): void;
  /** Continues reading. May be called twice in a row. */
  resume(): void;
  /**
   * Reports that the message queue has become half full, or no longer is. For transports that cannot pause: they should
   * now slow down, but not stop for ever, since a handler may wait for a message that comes later.
   */
  throttle?(isThrottled: boolean): void;
  /** Begins an orderly close, and destroys the connection of a client that does not answer it. */
  close(code: number, reason: string): void;
  /**
   * Calls back once the message that was just delivered has reached its listeners. The next message is decided after that.
   * Only for transports that deliver later.
   */
  flush?: ((whenFlushed: () => void) => void) | undefined;
  /** Calls back once a closed connection is gone and its answers are sent. Only for transports that close later. */
  whenGone?(callback: () => void): void;
}
