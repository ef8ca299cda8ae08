import { Agent } from "node:http";
import type { Socket as TcpSocket } from "node:net";
import type { ClientHandshake, ClientListener, OutgoingMessage, RunningServer } from "@portcullis/testing";
import { Manager, type Socket } from "socket.io-client";

/** A way to run a server of socket.io. */
export interface Variant {
  readonly transports: readonly ("polling" | "websocket")[];
}

/** An event that does not belong to the suite. */
export const GREETING = "greeting";

/** The server to connect to. */
export interface Target extends Pick<Variant, "transports"> {
  readonly port: number;
}

type Connected = Awaited<ReturnType<RunningServer["connect"]>>;

/** Private parts of a client: the state of its resumption, and its transport. */
interface Inside {
  _pid?: string;
  _lastOffset?: string;
  readonly nsp: string;
}

/** The parts that are used of the client's WebSocket, if it has one. */
interface WebSocket {
  readonly _socket: TcpSocket;
  terminate(): void;
}

const EVENT = 2;
const sockets = new WeakMap<object, Socket>();

const inside = (socket: Socket) => socket as unknown as Inside;

/** Opens a connection with the client of socket.io. */
export function connectClient(
  target: Target,
  handshake: ClientHandshake,
  listener: ClientListener,
): Promise<Connected> {
  const { entrance = "/", query = {}, early = [], token, signal, resumes } = handshake;
  const agent = new Agent({ keepAlive: true });
  const manager = new Manager(`http://127.0.0.1:${target.port}`, {
    transports: [...target.transports],
    reconnection: false,
    autoConnect: false,
    agent: agent as never,
    query: { ...query },
    extraHeaders: { ...handshake.headers, ...(handshake.origin !== undefined && { origin: handshake.origin }) },
  });
  const socket = manager.socket(entrance, { auth: token === undefined ? {} : { token } });
  const before = resumes && sockets.get(resumes);
  if (before) Object.assign(socket, { _pid: inside(before)._pid, _lastOffset: inside(before)._lastOffset });
  let text = "";
  socket.connect();
  manager.engine.on("data", (data: unknown) => {
    text += String(data);
    listener.onFrame(String(data));
  });
  listen(socket, listener);
  send(socket, early, listener);
  signal?.addEventListener("abort", () => manager._close());
  return new Promise((resolve) => {
    socket.once("connect", () => {
      if (resumes && !socket.recovered) throw new Error("the connection was not resumed");
      if (handshake.isSilent) silence(socket);
      const client = clientOf(socket, agent, listener);
      sockets.set(client, socket);
      resolve(client);
    });
    socket.once("connect_error", (error: Error & { data?: { status: number; code: string } }) => {
      const { status, code } = error.data ?? {};
      resolve({ isRefused: true, status: status ?? "cut", code, text: text + JSON.stringify(error.data) });
    });
    socket.once("disconnect", () => resolve({ isRefused: true, status: "cut", text }));
  });
}

function listen(socket: Socket, listener: ClientListener): void {
  socket.onAny((action, body) => {
    if (action === GREETING) return;
    if (action === "permission_denied") listener.onAnswer({ id: undefined, action: body.action, error: body.error });
    else listener.onAnswer({ id: undefined, action, data: body });
  });
  socket.on("disconnect", (reason) => listener.onClosed({ code: "none", reason }));
}

function clientOf(socket: Socket, agent: Agent, listener: ClientListener): Exclude<Connected, { isRefused: true }> {
  return {
    send: (messages) => send(socket, messages, listener),
    sendRaw: (data: unknown) => sendRaw(socket, data),
    pause: () => holdBack(socket),
    resume: () => letCome(socket),
    close: () => socket.disconnect(),
    terminate() {
      for (const tcp of connectionsOf(socket, agent)) tcp.resetAndDestroy();
      if (!hasTcp(socket)) websocketOf(socket)?.terminate();
    },
  };
}

/** Messages of one turn are written at once, so they arrive together. */
function send(socket: Socket, messages: readonly OutgoingMessage[], listener: ClientListener): void {
  const engine = socket.io.engine as unknown as { transport: { writable: boolean }; flush(): void };
  const { writable } = engine.transport;
  engine.transport.writable = false;
  emitAll(socket, messages, listener);
  engine.transport.writable = writable;
  engine.flush();
}

function emitAll(socket: Socket, messages: readonly OutgoingMessage[], listener: ClientListener): void {
  for (const { id, action, payload, wantsAnswer } of messages) {
    const answer = (body: { ok?: boolean; error?: object } | null) =>
      listener.onAnswer(body?.ok === false && body.error ? { id, error: body.error } : { id, data: body });
    if (["connect", "connect_error", "disconnect"].includes(action)) sendRaw(socket, [action, payload]);
    else if (wantsAnswer) socket.emit(action, payload, answer);
    else socket.emit(action, payload);
  }
}

/** Sends an event that the client's `emit` would not. */
function sendRaw(socket: Socket, data: unknown): void {
  const { io: manager } = socket;
  manager._packet({ type: EVENT, data, nsp: inside(socket).nsp } as never);
}

/** The client receives nothing more, but can still send. */
function silence(socket: Socket): void {
  const { io: manager } = socket;
  const transport = manager.engine.transport as unknown as { onData(): void };
  if (hasTcp(socket)) websocketOf(socket)?._socket.pause();
  else transport.onData = () => {};
}

interface PollingTransport {
  doPoll?(): void;
  isAsked?: boolean;
}

const transportOf = (socket: Socket) => socket.io.engine.transport as unknown as PollingTransport;

/** Stops reading. A polling client sends no further poll. */
function holdBack(socket: Socket): void {
  if (hasTcp(socket)) websocketOf(socket)?._socket.pause();
  const transport = transportOf(socket);
  if (typeof transport.doPoll === "function") {
    transport.doPoll = () => {
      transport.isAsked = true;
    };
  }
}

function letCome(socket: Socket): void {
  if (hasTcp(socket)) websocketOf(socket)?._socket.resume();
  const transport = transportOf(socket);
  if (!Object.hasOwn(transport, "doPoll")) return;
  delete transport.doPoll;
  if (transport.isAsked) transportOf(socket).doPoll?.();
}

function websocketOf({ io: manager }: Socket): WebSocket | undefined {
  return (manager.engine.transport as unknown as { ws?: WebSocket }).ws;
}

/** True for a WebSocket of ws. In Bun the client has another one, which hides its connection. */
function hasTcp(socket: Socket): boolean {
  return typeof websocketOf(socket)?._socket?.resetAndDestroy === "function";
}

function connectionsOf(socket: Socket, agent: Agent): TcpSocket[] {
  const held = [...Object.values(agent.sockets), ...Object.values(agent.freeSockets)].flatMap((some) => some ?? []);
  return hasTcp(socket) ? [(websocketOf(socket) as WebSocket)._socket, ...held] : held;
}
