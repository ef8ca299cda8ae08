import type { IncomingMessage } from "node:http";
import type { Scope } from "@portcullis/core";
import { type HandshakeInfo, HandshakeScope } from "@portcullis/core/adapter";
import type { Socket } from "socket.io";
import type { Facts } from "../engine/handshake-facts.js";

/** What is known of a connection to a namespace. */
export interface SocketScope extends Scope {
  /** Name of the namespace; `path` is the same. */
  readonly namespace: string;
  /** What the client gave as `auth`: anything, and nobody has checked it. */
  readonly auth: Readonly<Record<string, unknown>>;
  /**
   * The request that began the connection: the first poll, or the upgrade to WebSocket. Where the application has let go
   * of it, as by `raw.request = null`, an object that has its `method`, `url` and `headers`, and of its `socket` the
   * `remoteAddress` and `encrypted`.
   */
  readonly request: IncomingMessage;
}

/** What is used of a socket that knocks. */
export type HandshakeSocket = Pick<Socket, "handshake" | "request" | "nsp">;

/** The handshake of a socket with a namespace. */
export class NamespaceHandshake implements HandshakeInfo {
  constructor(
    private readonly knocking: HandshakeSocket,
    private readonly facts: Facts,
  ) {}

  get transport(): string {
    return "socket.io";
  }

  /** There is one server at one URL: where a client wants to go is said by the name of the namespace. */
  get path(): string {
    return this.knocking.nsp.name;
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
    return this.knocking.handshake.issued;
  }

  get request(): IncomingMessage {
    return this.knocking.request ?? (this.facts as unknown as IncomingMessage);
  }

  /** What the client gave as `auth`. */
  get auth(): Readonly<Record<string, unknown>> {
    return this.knocking.handshake.auth;
  }
}

/** What all transports say of a connection, and what socket.io knows beside. */
export class NamespaceScope extends HandshakeScope implements SocketScope {
  readonly #knock: NamespaceHandshake;

  constructor(knock: NamespaceHandshake, extra: Readonly<Record<string, unknown>>) {
    super(knock, extra);
    this.#knock = knock;
  }

  get namespace(): string {
    return this.#knock.path;
  }

  /** One copy for all namespaces and questions of a connection. */
  override get headers(): HandshakeInfo["headers"] {
    return this.#knock.headers;
  }

  get auth(): Readonly<Record<string, unknown>> {
    return this.#knock.auth;
  }

  override get request(): IncomingMessage {
    return this.#knock.request;
  }
}
