import type { IncomingMessage } from "node:http";
import type { Scope } from "@portcullis/core";
import { type HandshakeInfo, HandshakeScope } from "@portcullis/core/adapter";
import type { Socket } from "socket.io";
import type { HandshakeFacts } from "../engine/handshake-facts.js";

/** The scope of a connection to a namespace. */
export interface SocketScope extends Scope {
  /** Name of the namespace; `path` is the same. */
  readonly namespace: string;
  /** The `auth` of the client: any value, unchecked. */
  readonly auth: Readonly<Record<string, unknown>>;
  /**
   * The request that began the connection: the first poll, or the upgrade to WebSocket. Where the application has let go
   * of it, as by `raw.request = null`, an object that has its `method`, `url` and `headers`, and of its `socket` the
   * `remoteAddress` and `encrypted`.
   */
  readonly request: IncomingMessage;
}

/** The parts that are used of a socket in its handshake. */
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

  /** There is one server at one URL: where a client wants to go is said by the name of the namespace. */
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

/** The scope of all transports, and what socket.io adds. */
export class NamespaceScope extends HandshakeScope implements SocketScope {
  readonly #handshake: NamespaceHandshake;

  constructor(handshake: NamespaceHandshake, extra: Readonly<Record<string, unknown>>) {
    super(handshake, extra);
    this.#handshake = handshake;
  }

  get namespace(): string {
    return this.#handshake.path;
  }

  /** One copy for all namespaces and questions of a connection. */
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
