import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Decision } from "@portcullis/core";
import { BAD_TARGET, type HandshakeInfo, pathOf } from "@portcullis/core/adapter";

/** A handshake of WebSocket, and when it came. */
export class WsHandshake implements HandshakeInfo {
  readonly connectedAt = Date.now();
  /** Read at once: a socket forgets it when it is closed. */
  readonly remoteAddress: string | undefined;

  constructor(readonly request: IncomingMessage) {
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

  /** A target that is no URL has no path to decide about. */
  get refusal(): Decision | undefined {
    return this.path === undefined ? BAD_TARGET : undefined;
  }

  get headers(): HandshakeInfo["headers"] {
    return this.request.headers;
  }

  get secure(): boolean {
    return (this.request.socket as Partial<TLSSocket>).encrypted === true;
  }
}
