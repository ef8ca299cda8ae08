import type { Decision } from "../../decision/decision-types.js";
import type { Payload, Scope } from "../../types.js";
import type { HandshakeInfo } from "../handshake-info.js";

/** One message of a client, as an adapter passes it to its session. An adapter may add fields of its own. */
export interface ClientMessage {
  readonly action: string;
  readonly payload: Payload;
  /** Size on the wire in bytes. */
  readonly bytes: number;
  /** The refusal of a message that the codec could not read. No rule is evaluated then. */
  readonly refusal?: Decision | undefined;
}

/** Options of a reply. */
export interface ReplyOptions {
  /** Default 200. */
  status?: number;
  /** Default: the action of the message. */
  action?: string;
  /** Set by the guard for the answer to a renewal. */
  "~isRenewal"?: true;
}

/**
 * One connection of a transport, with the facts of its handshake and the operations of the open connection. The only
 * interface that an adapter implements. `M` is the adapter's message, `Request` is the argument of `authenticate`.
 */
export interface Connection<M extends ClientMessage = ClientMessage, Request = unknown> extends HandshakeInfo {
  /** The argument of `authenticate`: the transport's own object for a client. Default: `request`. */
  readonly client?: Request;
  /** The transport's own socket, which is `consumer.raw`; `undefined` before it is open. */
  readonly raw: unknown;
  /** The refusal of an invalid handshake. No rule is evaluated then. One without a path is refused anyway. */
  readonly refusal?: Decision | undefined;
  /** The message of the handshake, on transports that have one. Rules get it as `message`. */
  readonly message?: Payload;
  /**
   * Makes the scope. Default: a `HandshakeScope` of this connection.
   *
   * @param extra The value that `authenticate` returned.
   * @throws {PermissionMisuse} When `extra` has a name that the scope already has.
   */
  createScope?(extra: Readonly<Record<string, unknown>>): Scope;
  /**
   * Ends a connection that is not open yet, because a rule has closed it or `limits.handshake` has passed. Its handshake
   * is refused as `aborted`.
   */
  abort(): void;

  /** Passes an allowed message to the listeners of the application. */
  deliver(message: M): void;
  /** Answers a refused message, exactly once. Never throws. */
  sendRefusal(message: M, decision: Decision): void;
  /** Sends the answer of a handler. Throws when it cannot be written, and then sends no part of it. */
  reply(message: M, data: unknown, options: ReplyOptions): void;
  /**
   * Sends a frame that answers no message, for the option `continuity`. Nothing is sent where a codec has no form for it.
   * Throws when it cannot be written.
   *
   * @param event `auth.expiring`, `auth.expired`, or `auth.ended` for transports whose close has no code.
   */
  notify?(event: string, data: object): void;
  /** Stops reading from the client, where the transport can. May be called twice in a row. */
  pause(): void;
  /** Continues reading. May be called twice in a row. */
  resume(): void;
  /**
   * Called when the message queue becomes half full, and when it no longer is. A transport that cannot pause should
   * slow down, but not stop for ever, because a handler may wait for a later message.
   */
  throttle?(isThrottled: boolean): void;
  /** Begins an orderly close, and destroys the connection of a client that does not answer it. */
  close(code: number, reason: string): void;
  /**
   * Calls back once the delivered message has reached its listeners. The next message is decided after that. Only for
   * transports that deliver asynchronously.
   */
  flush?: ((whenFlushed: () => void) => void) | undefined;
  /**
   * Calls back once a closed connection is gone and its answers are sent. Only for transports that close
   * asynchronously.
   */
  whenGone?(callback: () => void): void;
}
