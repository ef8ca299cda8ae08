import type { IncomingMessage } from "node:http";
import type { Scope } from "@portcullis/core";
import { type HandshakeInfo, HandshakeScope } from "@portcullis/core/adapter";
import type { Socket } from "socket.io";
import type { HandshakeFacts } from "../engine/handshake-facts.js";

/** The scope of a connection to a namespace. */
export interface SocketScope extends Scope {
  /** The name of the namespace, the same as `path`. */
  readonly namespace: string;
  /** The `auth` of the client: any value, unchecked. */
  readonly auth: Readonly<Record<string, unknown>>;
  /**
   * The request that opened the connection: the first poll, or the upgrade to WebSocket. If the application has dropped
   * it, as by `raw.request = null`, an object with its `method`, `url`, `headers`, and with the `remoteAddress` and
   * `encrypted` of its `socket`.
   */
  readonly request: IncomingMessage;
}

/** The parts that are used of a socket during its handshake. */
export type HandshakeSocket = Pick<Socket, "handshake" | "request" | "nsp">;

/** The handshake of a socket with a namespace. */
export class NamespaceHandshake implements HandshakeInfo {
  constructor(
    private readonly socket: HandshakeSocket,
    private readonly facts: HandshakeFacts,
  ) {}

  get transport(): string {
    return "socket.io";
  }

  /** The name of the namespace. A server has one URL, so the namespace is the destination of a client. */
  get path(): string {
    return this.socket.nsp.name;
  }

  get url(): string {
    return this.facts.url;
  }

  get headers(): HandshakeInfo["headers"] {
    return this.facts.headers;
  }

  get remoteAddress(): string | undefined {
    return this.facts.socket.remoteAddress;
  }

  get secure(): boolean {
    return this.facts.socket.encrypted;
  }

  get connectedAt(): number {
    return this.socket.handshake.issued;
  }

  get request(): IncomingMessage {
    return this.socket.request ?? (this.facts as unknown as IncomingMessage);
  }

  /** The `auth` of the client. */
  get auth(): Readonly<Record<string, unknown>> {
    return this.socket.handshake.auth;
  }
}

/** The scope of all transports, with the additions of socket.io. */
export class NamespaceScope extends HandshakeScope implements SocketScope {
  readonly #handshake: NamespaceHandshake;

  constructor(handshake: NamespaceHandshake, extra: Readonly<Record<string, unknown>>) {
    super(handshake, extra);
    this.#handshake = handshake;
  }

  get namespace(): string {
    return this.#handshake.path;
  }

  /** All namespaces and evaluations of a connection share one copy. */
  override get headers(): HandshakeInfo["headers"] {
    return this.#handshake.headers;
  }

  get auth(): Readonly<Record<string, unknown>> {
    return this.#handshake.auth;
  }

  override get request(): IncomingMessage {
    return this.#handshake.request;
  }
}
