import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Decision } from "@portcullis/core";
import {
  BAD_TARGET,
  type ClientMessage,
  type HandshakeEvaluation,
  type HandshakeInfo,
  pathOf,
} from "@portcullis/core/adapter";

/** The facts of a WebSocket handshake, and its evaluation until the connection is open. */
export class WsHandshake<M extends ClientMessage = ClientMessage> implements HandshakeInfo {
  evaluation: HandshakeEvaluation<M, IncomingMessage> | undefined;
  readonly connectedAt = Date.now();
  /** Read in the constructor, because a closed socket has no address. */
  readonly remoteAddress: string | undefined;

  /** True when the connection was closed before it was open. */
  #isAborted = false;

  constructor(readonly request: IncomingMessage) {
    this.remoteAddress = request.socket.remoteAddress;
  }

  get transport(): string {
    return "ws";
  }

  /** The argument of `authenticate`. */
  get client(): IncomingMessage {
    return this.request;
  }

  get url(): string {
    return this.request.url ?? "/";
  }

  get path(): string | undefined {
    return pathOf(this.url);
  }

  /** Refuses a request target that has no path, or one that routers read in different ways. */
  get refusal(): Decision | undefined {
    return this.path === undefined ? BAD_TARGET : undefined;
  }

  get headers(): HandshakeInfo["headers"] {
    return this.request.headers;
  }

  get secure(): boolean {
    return (this.request.socket as Partial<TLSSocket>).encrypted === true;
  }

  /** True when the client has left and cannot be answered. */
  get isGone(): boolean {
    const { socket } = this.request;
    return this.#isAborted || socket.destroyed || socket.readableEnded;
  }

  /** True when the connection has broken. Messages that ws emits after that come from its buffer. */
  get isBroken(): boolean {
    const { socket } = this.request;
    return socket.destroyed && (socket.errored !== null || !socket.readableEnded);
  }

  abort(): void {
    this.#isAborted = true;
    this.evaluation?.abort();
  }
}
