import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { type HandshakeInfo, pathOf } from "@portcullis/core/adapter";
import { FrameConnection } from "@portcullis/core/frames";
import type { RawData } from "ws";

/** The facts of a WebSocket handshake. */
export class WsHandshake extends FrameConnection<RawData, IncomingMessage> implements HandshakeInfo {
  /** Read in the constructor, because a closed socket has no address. */
  readonly remoteAddress: string | undefined;

  constructor(readonly request: IncomingMessage) {
    super();
    this.remoteAddress = request.socket.remoteAddress;
  }

  get transport(): string {
    return "ws";
  }

  get url(): string {
    return this.request.url ?? "/";
  }

  get path(): string | undefined {
    return pathOf(this.url);
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
    return this.isAborted || socket.destroyed || socket.readableEnded;
  }

  /** True when the connection has broken. Messages that ws emits after that come from its buffer. */
  get isBroken(): boolean {
    const { socket } = this.request;
    return socket.destroyed && (socket.errored !== null || !socket.readableEnded);
  }
}
