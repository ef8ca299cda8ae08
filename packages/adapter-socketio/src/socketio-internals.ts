import { PermissionMisuse } from "@portcullis/core";
import { type Namespace, type Server, Socket } from "socket.io";

// The parts of socket.io that are used beyond its documentation. They are checked when a server is guarded.

/** A socket of ws, or of what stands in its place. */
export interface BareWebSocket {
  once?(event: "close", listener: () => void): unknown;
  /** The connection below it, where there is one of Node. */
  readonly _socket?: { readonly destroyed?: boolean } | null;
  emit(event: string, ...values: unknown[]): boolean;
  pause(): void;
  resume(): void;
  terminate(): void;
}

/** The transport of a connection of engine.io. */
export interface BareTransport {
  readonly name: string;
  /** Of WebSocket. */
  readonly socket?: Partial<BareWebSocket>;
  /** Of polling: the request that brings something, its response, and the response to the one that waits. */
  readonly dataReq?: object | null;
  readonly dataRes?: BareResponse | null;
  readonly res?: BareResponse | null;
  /** Decodes the body of a POST, which is then answered at once. */
  onData?(data: unknown): void;
  once(event: "drain", listener: () => void): unknown;
  on(event: "headers", listener: (headers: Record<string, unknown>, request: object) => void): unknown;
}

/** A response of HTTP, as Node has it. */
export interface BareResponse {
  getHeader?(name: string): unknown;
  end?(...input: unknown[]): unknown;
  once?(event: "finish" | "close", listener: () => void): unknown;
}

/** The parts that are read of an HTTP request, of any server. */
export interface BareRequest {
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly socket?: { readonly encrypted?: boolean };
  /** The same, where there is no `socket`. */
  readonly connection?: { readonly encrypted?: boolean };
}

/** A connection of engine.io: one client, whatever namespaces it is in. */
export interface BareConnection {
  /** The first poll, or the upgrade to WebSocket. `null` where the application has dropped it, or there is none. */
  readonly request: object | null;
  readonly remoteAddress?: string;
  /** Revision of the protocol. */
  readonly protocol: number;
  readonly readyState: string;
  readonly writeBuffer: readonly unknown[];
  readonly transport: BareTransport;
  readonly server?: { readonly opts?: { readonly pingTimeout?: number } };
  close(discard?: boolean): void;
  /** Sends what waits in `writeBuffer`. */
  flush?(): void;
  once(event: "close" | "drain" | "upgrade", listener: () => void): unknown;
  on(event: "flush" | "packetCreate", listener: (packet: { readonly data?: string | Uint8Array }) => void): unknown;
  off(event: string, listener: (data: string | Uint8Array | undefined) => void): unknown;
  prependListener(event: "data", listener: (data: string | Uint8Array | undefined) => void): unknown;
}

export interface BareClient {
  readonly conn: BareConnection;
  /** The namespaces it is in. */
  readonly nsps: Map<string, unknown>;
  /** Of the server's parser. */
  readonly encoder?: { encode(packet: object): unknown };
  /** Sends a packet, whatever namespaces it is in. */
  _packet(packet: object): void;
  /** Asks for a namespace. */
  connect(name: string, auth: unknown): void;
}

/** One packet, as the parser decoded it. */
export interface Packet {
  readonly type: number;
  readonly id?: number;
  readonly data?: unknown;
}

export interface BareSocket {
  readonly client: BareClient;
  readonly conn: BareConnection;
  readonly handshake: { readonly auth: unknown };
  readonly nsp: BareNamespace;
  id: string;
  /** The private id with which a client comes back. */
  pid?: string;
  recovered: boolean;
  data: unknown;
  onevent(packet: Packet): void;
  packet(packet: Packet): void;
  join(room: string): PromiseLike<void> | void;
  disconnect(): unknown;
  _onclose(reason: string, description?: unknown): unknown;
  _cleanup(): void;
  _error(error: unknown): void;
}

/** The session of a connection that may be resumed. */
export interface KeptSession {
  readonly sid: string;
  readonly pid: string;
  readonly rooms: Iterable<string>;
  readonly missedPackets: Iterable<unknown>;
  readonly data: unknown;
}

export interface BareAdapter {
  persistSession?(session: Omit<KeptSession, "missedPackets">): unknown;
  restoreSession?(id: string, offset: string): PromiseLike<KeptSession | null> | KeptSession | null;
}

/** Decides whether there is a namespace of a name for a client: a function of the application, or made of a pattern. */
export type Decide = (name: string, auth: unknown, next: (error: unknown, isAccepted: unknown) => void) => unknown;

/** Answers socket.io: opens a connection, or refuses it with an error. */
export type Done = (error?: Error) => void;

export interface BareNamespace {
  readonly name: string;
  readonly server: BareServer;
  readonly adapter: BareAdapter;
  readonly sockets: ReadonlyMap<string, BareSocket>;
  /** Sockets that are not open yet, by their id. */
  readonly _preConnectSockets?: Map<string, BareSocket>;
  /** Of a parent namespace alone. */
  readonly children?: ReadonlySet<BareNamespace>;
  /** The middlewares of the application. */
  readonly _fns?: readonly ((socket: unknown, next: unknown) => unknown)[];
  _add(client: BareClient, auth: unknown, whenOpen: unknown): Promise<void>;
  run(socket: BareSocket, done: Done): void;
  _doConnect(socket: BareSocket, whenOpen: unknown): void;
  /** A socket is not there any more, or was not let in. */
  _remove(socket: BareSocket): void;
}

export interface BareEngine {
  readonly opts?: { readonly cors?: unknown };
  emit?(event: string, ...values: unknown[]): boolean;
  on(event: "connection", listener: (connection: BareConnection) => void): unknown;
}

export interface BareServer {
  readonly sockets: BareNamespace;
  readonly engine?: BareEngine;
  readonly _nsps: Map<string, BareNamespace>;
  /** By what decides about a name. */
  readonly parentNsps: ReadonlyMap<Decide, BareNamespace>;
  /** Those of patterns. */
  readonly parentNamespacesFromRegExp?: ReadonlyMap<RegExp, BareNamespace>;
  opts: {
    readonly connectionStateRecovery?: { readonly skipMiddlewares?: boolean };
    /** The parser, where it is not that of socket.io. */
    readonly parser?: unknown;
    readonly cors?: unknown;
    /** Bytes. Default 1,000,000. */
    readonly maxHttpBufferSize?: number;
  };
  bind(engine: BareEngine): unknown;
  /** Asks the functions of the application for a namespace that is not there. */
  _checkNamespace(name: string, auth: unknown, found: (namespace: BareNamespace | false) => void): void;
}

const OF_SERVER = ["bind", "of", "_checkNamespace"];
const OF_NAMESPACE = ["_add", "run", "_doConnect", "_remove"];
const OF_SOCKET = ["onevent", "packet", "_onclose", "_cleanup", "_error"];

const lacking = (subject: unknown, names: readonly string[]): string | undefined =>
  names.find((name) => typeof Object(subject)[name] !== "function");

const isServer = (value: unknown): value is BareServer => Object(value)._nsps instanceof Map;

/** The method that a socket of another copy of socket.io lacks, if any. */
export const lackOf = (socket: object): string | undefined => lacking(socket, OF_SOCKET);

/** The server or the namespace that is to be guarded. */
export interface Target {
  readonly io: BareServer;
  /** `undefined`: all of them. */
  readonly namespace: BareNamespace | undefined;
}

/**
 * Looks at what is to be guarded.
 *
 * @throws {PermissionMisuse} When it is neither a server nor a namespace of socket.io, or works in another way.
 */
export function readTarget(caller: string, subject: unknown): Target {
  const { server, sockets } = Object(subject) as Partial<Namespace & Server> & { server?: unknown };
  const isNamespace = sockets instanceof Map && isServer(server);
  const io: unknown = isNamespace ? server : subject;
  if (!isServer(io)) {
    throw new PermissionMisuse(
      `${caller} needs a Server of socket.io or one of its namespaces, as in ${caller.slice(0, -1)}io, ...)`,
    );
  }
  const missing = lacking(io, OF_SERVER) ?? lacking(io.sockets, OF_NAMESPACE) ?? lacking(Socket.prototype, OF_SOCKET);
  if (missing !== undefined) {
    throw new PermissionMisuse(
      `${caller}: this version of socket.io has no \`${missing}\`, where a guard must stand: use socket.io 4.7 or later 4`,
    );
  }
  return { io, namespace: isNamespace ? (subject as BareNamespace) : undefined };
}

/** A name for what is guarded, the same in every process that makes its namespaces in the same order. */
export function nameOf({ io, namespace }: Target): string {
  if (namespace === undefined) return "server";
  if (!namespace.children) return `namespace ${namespace.name}`;
  for (const [pattern, made] of io.parentNamespacesFromRegExp ?? []) {
    if (made === namespace) return `pattern ${pattern}`;
  }
  return `function ${[...io.parentNsps.values()].indexOf(namespace)}`;
}

/** Puts a method of this one object in place of that of its class. */
export function override<T extends object, K extends keyof T>(subject: T, name: K, method: T[K]): void {
  Object.defineProperty(subject, name, { value: method, writable: true, configurable: true });
}
