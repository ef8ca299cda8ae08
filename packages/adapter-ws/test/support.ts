import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type RequestOptions,
  request,
  type Server,
} from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { type ClientOptions, type ServerOptions, WebSocket, WebSocketServer } from "ws";
import { simplePolicy, until } from "../../../test/helpers.js";
import { type Guard, type GuardSession, guard, type PolicyFor, type WsGuardOptions } from "../src/index.js";

export const MODES = ["server", "port", "noServer"] as const;
export type Mode = (typeof MODES)[number];

export { deferred, gatedRule, simplePolicy, sleep, uncaughtOf, until } from "../../../test/helpers.js";

/** A running server. It is guarded unless `isBare` is set. */
export interface Running {
  readonly wss: WebSocketServer;
  readonly http: Server | undefined;
  readonly port: number;
  readonly url: string;
  readonly guard: Guard<PolicyFor<never>>;
  /** Sockets of the server, in order of connection. */
  readonly sockets: WebSocket[];
  /** Messages that reached the application's listener. */
  readonly handled: string[];
  session(index?: number): GuardSession;
}

const running: (() => Promise<void>)[] = [];

/** Ends all servers of a test. */
export async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map((stop) => stop()));
}

export interface Start {
  readonly mode?: Mode;
  readonly policy?: PolicyFor<never>;
  readonly options?: WsGuardOptions;
  readonly server?: ServerOptions;
  /** Replaces the listener that records messages. */
  readonly onConnection?: (socket: WebSocket) => void;
  /** Replaces the answer "page" to HTTP requests. */
  readonly onRequest?: RequestListener;
  /** Runs before the server is guarded. */
  readonly before?: (wss: WebSocketServer) => void;
  readonly isBare?: boolean;
}

/** Starts a guarded ws server. */
export async function start(setup: Start = {}): Promise<Running> {
  const { mode = "server", policy = simplePolicy(), options = {} } = setup;
  const { wss, http } = makeServers(mode, setup);
  setup.before?.(wss);
  const guarded = setup.isBare ? (undefined as never) : guard(wss, policy as PolicyFor<unknown>, options);
  const sockets: WebSocket[] = [];
  const handled: string[] = [];
  wss.on("connection", (socket) => {
    sockets.push(socket);
    if (setup.onConnection) setup.onConnection(socket);
    else socket.on("message", (data) => void handled.push(String(data)));
  });
  const listening = http ?? wss;
  http?.listen(0, "127.0.0.1");
  if (listening.address() === null) await new Promise((resolve) => listening.once("listening", resolve));
  const { port } = listening.address() as AddressInfo;
  running.push(async () => {
    for (const socket of wss.clients ?? []) socket.terminate();
    http?.closeAllConnections();
    await new Promise<unknown>((resolve) => void wss.close(resolve));
    if (http) await new Promise<unknown>((resolve) => void http.close(resolve));
  });
  return {
    wss,
    http,
    port,
    url: `ws://127.0.0.1:${port}/`,
    guard: guarded as Guard<PolicyFor<never>>,
    sockets,
    handled,
    session: (index = sockets.length - 1) => guarded.sessionOf(sockets[index] as WebSocket) as GuardSession,
  };
}

/** Opens a connection over a bare TCP client. Returns the client, and the socket of the server. */
export async function enter({ port, sockets }: Running): Promise<{ tcp: Tcp; socket: WebSocket }> {
  const before = sockets.length;
  const tcp = new Tcp(port);
  tcp.knock();
  await tcp.opened();
  await until(() => sockets.length > before);
  return { tcp, socket: sockets.at(-1) as WebSocket };
}

function makeServers(mode: Mode, { server: options, onRequest }: Start): { wss: WebSocketServer; http?: Server } {
  if (mode === "port") return { wss: new WebSocketServer({ port: 0, host: "127.0.0.1", ...options }) };
  const http = createServer(onRequest ?? ((_request, response) => response.end("page")));
  if (mode === "server") return { wss: new WebSocketServer({ server: http, ...options }), http };
  const wss = new WebSocketServer({ noServer: true, ...options });
  http.on("upgrade", (upgrading, socket, head) => {
    wss.handleUpgrade(upgrading, socket, head, (client) => wss.emit("connection", client, upgrading));
  });
  return { wss, http };
}

/** A client that collects messages. */
export class Client {
  readonly received: string[] = [];
  readonly socket: WebSocket;
  closed: { code: number; reason: string } | undefined;

  constructor(url: string, options: ClientOptions = {}, protocols: string[] = []) {
    this.socket = new WebSocket(url, protocols, { perMessageDeflate: false, ...options });
    this.socket.on("message", (data) => void this.received.push(String(data)));
    this.socket.on("close", (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
    this.socket.on("error", () => {});
  }

  /** Opens a connection. Throws when it is refused. */
  static async open(url: string, options?: ClientOptions, protocols?: string[]): Promise<Client> {
    const client = new Client(url, options, protocols);
    await new Promise<void>((resolve, reject) => {
      client.socket.once("open", resolve);
      client.socket.once("error", reject);
    });
    return client;
  }

  send(...messages: unknown[]): void {
    for (const message of messages) this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** Waits for `count` messages, and returns all as JSON. */
  async replies(count: number): Promise<Record<string, unknown>[]> {
    await until(() => this.received.length >= count, `${count} replies`);
    return this.received.map((text) => JSON.parse(text));
  }

  async end(): Promise<{ code: number; reason: string }> {
    await until(() => this.closed !== undefined, "the connection ends");
    return this.closed as { code: number; reason: string };
  }
}

/** The HTTP response of a refused handshake. */
export interface Refused {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends an upgrade request and returns the HTTP response. Rejects when the handshake is accepted. */
export function knock(port: number, headers: RequestOptions["headers"] = {}, path = "/"): Promise<Refused> {
  return new Promise((resolve, reject) => {
    const upgrading = request({ port, path, host: "127.0.0.1", headers: { ...UPGRADE, ...headers }, agent: false });
    upgrading.on("error", reject);
    upgrading.on("upgrade", (_response, socket) => {
      socket.destroy();
      reject(new Error("the handshake was not refused"));
    });
    upgrading.on("response", (response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    upgrading.end();
  });
}

const UPGRADE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** A TCP connection, with all received bytes. */
export class Tcp {
  readonly socket: Socket;
  received = Buffer.alloc(0);
  /** True when the server has ended or closed the connection. */
  isClosed = false;

  constructor(port: number, allowHalfOpen = false) {
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen });
    this.socket.on("data", (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    this.socket.on("error", () => {});
    for (const event of ["end", "close"]) {
      this.socket.on(event, () => {
        this.isClosed = true;
      });
    }
  }

  /** Sends a handshake request, with bytes right after it. */
  knock(behind: Uint8Array = Buffer.alloc(0), headers: Record<string, string> = {}): void {
    const lines = Object.entries({ host: "127.0.0.1", ...UPGRADE, ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    this.socket.write(Buffer.concat([Buffer.from(`GET / HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`), behind]));
  }

  async opened(): Promise<void> {
    await until(() => this.received.includes("\r\n\r\n"), "an answer");
    if (!this.received.toString().startsWith("HTTP/1.1 101")) throw new Error(this.received.toString());
  }
}

/** One masked frame. */
export function frame(data: string | Uint8Array, opcode = 1, isFinal = true): Buffer {
  const payload = Buffer.from(data as Uint8Array);
  const head = Buffer.alloc(payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10);
  head[0] = (isFinal ? 0x80 : 0) | opcode;
  head[1] = 0x80 | (head.length === 2 ? payload.length : head.length === 4 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(payload.length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(payload.length), 2);
  const mask = Buffer.from([1, 2, 3, 4]);
  return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ (mask[index % 4] as number))]);
}

/** A close frame. */
export function closeFrame(code = 1000): Buffer {
  return frame(Buffer.from([code >> 8, code & 255]), 8);
}
