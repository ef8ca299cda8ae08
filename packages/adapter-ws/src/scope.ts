import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Knock } from "@portcullis/core/adapter";

/** A handshake of WebSocket, and when it came. */
export class WsKnock implements Knock {
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

  get path(): string {
    return this.url.split("?", 1)[0] as string;
  }

  get headers(): Knock["headers"] {
    return this.request.headers;
  }

  get secure(): boolean {
    return (this.request.socket as Partial<TLSSocket>).encrypted === true;
  }
}
