// The parts of socket.io that are used beyond its documentation. `guard-target.ts` checks them when a server is guarded.

/** A socket of ws, or of a library used in its place. */
export interface BareWebSocket {
  once?(event: "close", listener: () => void): unknown;
  /** The underlying connection, if it is one of Node. */
  readonly _socket?: { readonly destroyed?: boolean } | null;
  emit(event: string, ...values: unknown[]): boolean;
  pause(): void;
  resume(): void;
  terminate(): void;
}

/** The transport of a connection of engine.io. */
export interface BareTransport {
  readonly name: string;
  /** Present for WebSocket. */
  readonly socket?: Partial<BareWebSocket>;
  /** For polling: the POST request, its response, and the response to the waiting GET. */
  readonly dataReq?: object | null;
  readonly dataRes?: BareResponse | null;
  readonly res?: BareResponse | null;
  /** Decodes the body of a POST, which is then answered at once. */
  onData?(data: unknown): void;
  once(event: "drain", listener: () => void): unknown;
  on(event: "headers", listener: (headers: Record<string, unknown>, request: object) => void): unknown;
}

/** An HTTP response of Node. */
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
  /** The socket, if there is no property `socket`. */
  readonly connection?: { readonly encrypted?: boolean };
}

/** A connection of engine.io: one client, in any number of namespaces. */
export interface BareConnection {
  /** The first poll, or the upgrade to WebSocket. `null` if the application has dropped it, or there is none. */
  readonly request: object | null;
  readonly remoteAddress?: string;
  /** Revision of the protocol. */
  readonly protocol: number;
  readonly readyState: string;
  readonly writeBuffer: readonly unknown[];
  readonly transport: BareTransport;
  readonly server?: { readonly opts?: { readonly pingTimeout?: number } };
  close(discard?: boolean): void;
  /** Sends the packets in `writeBuffer`. */
  flush?(): void;
  once(event: "close" | "drain" | "upgrade", listener: () => void): unknown;
  on(event: "flush" | "packetCreate", listener: (packet: { readonly data?: string | Uint8Array }) => void): unknown;
  off(event: string, listener: (data: string | Uint8Array | undefined) => void): unknown;
  prependListener(event: "data", listener: (data: string | Uint8Array | undefined) => void): unknown;
}

export interface BareClient {
  readonly conn: BareConnection;
  /** The sockets of the client, by namespace name. */
  readonly nsps: Map<string, unknown>;
  /** The encoder of the server's parser. */
  readonly encoder?: { encode(packet: object): unknown };
  /** Sends a packet, independently of the namespaces of the client. */
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
  /** The private id by which a returning client is recognized. */
  pid?: string;
  recovered: boolean;
  readonly connected: boolean;
  data: unknown;
  /** The middlewares of `socket.use`. */
  readonly fns?: readonly unknown[];
  onevent(packet: Packet): void;
  /** Runs the middlewares, and calls back. */
  run?(event: unknown, done: (error?: unknown) => void): void;
  packet(packet: Packet): void;
  join(room: string): PromiseLike<void> | void;
  leave(room: string): PromiseLike<void> | void;
  disconnect(): unknown;
  _onclose(reason: string, description?: unknown): unknown;
  _cleanup(): void;
  _error(error: unknown): void;
}

/** The stored session of a connection that may be resumed. */
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

/**
 * Decides if a namespace of a name exists for a client. It is a function of the application, or made from a pattern.
 */
export type Decide = (name: string, auth: unknown, next: (error: unknown, isAccepted: unknown) => void) => unknown;

/** Answers socket.io. Opens a connection, or refuses it with an error. */
export type Done = (error?: Error) => void;

export interface BareNamespace {
  readonly name: string;
  readonly server: BareServer;
  readonly adapter: BareAdapter;
  readonly sockets: ReadonlyMap<string, BareSocket>;
  /** Sockets that are not open yet, by their id. */
  readonly _preConnectSockets?: Map<string, BareSocket>;
  /** Present for parent namespaces only. */
  readonly children?: ReadonlySet<BareNamespace>;
  /** The middlewares of the application. */
  readonly _fns?: readonly ((socket: unknown, next: unknown) => unknown)[];
  _add(client: BareClient, auth: unknown, whenOpen: unknown): Promise<void>;
  run(socket: BareSocket, done: Done): void;
  _doConnect(socket: BareSocket, whenOpen: unknown): void;
  /** Called when a socket is gone, or was refused. */
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
  /** Parent namespaces by their deciding function. */
  readonly parentNsps: ReadonlyMap<Decide, BareNamespace>;
  /** Parent namespaces by their pattern. */
  readonly parentNamespacesFromRegExp?: ReadonlyMap<RegExp, BareNamespace>;
  opts: {
    readonly connectionStateRecovery?: {
      readonly skipMiddlewares?: boolean;
      /** Milliseconds. */
      readonly maxDisconnectionDuration?: number;
    };
    /** The parser, if it is not that of socket.io. */
    readonly parser?: unknown;
    readonly cors?: unknown;
    /** Bytes. Default 1,000,000. */
    readonly maxHttpBufferSize?: number;
  };
  bind(engine: BareEngine): unknown;
  /** Asks the functions of the application for a namespace that does not exist yet. */
  _checkNamespace(name: string, auth: unknown, found: (namespace: BareNamespace | false) => void): void;
}

/** Milliseconds for which a server can restore a session; 0 where it restores none. */
export function recoveryTimeOf({ opts }: BareServer): number {
  const { connectionStateRecovery } = opts;
  // The default of socket.io.
  return connectionStateRecovery ? (connectionStateRecovery.maxDisconnectionDuration ?? 120_000) : 0;
}

const OF_SOCKET = ["onevent", "packet", "_onclose", "_cleanup", "_error"];

/** The first missing method of an internal object. `undefined` if none is missing. */
export const lacking = (subject: unknown, names: readonly string[]): string | undefined =>
  names.find((name) => typeof Object(subject)[name] !== "function");

/** The first missing method of a socket, as of another copy of socket.io. `undefined` if none is missing. */
export const lackOf = (socket: object): string | undefined => lacking(socket, OF_SOCKET);

/** Overrides a method of one object, without changing its class. */
export function override<T extends object, K extends keyof T>(subject: T, name: K, method: T[K]): void {
  Object.defineProperty(subject, name, { value: method, writable: true, configurable: true });
}
