import { createServer } from "node:http";
import type { AddressInfo, Socket as TcpSocket } from "node:net";
import { Server, type ServerOptions, type Socket } from "socket.io";
import {
  type Socket as Client,
  connect as connectSocket,
  type ManagerOptions,
  type SocketOptions,
} from "socket.io-client";
import { WebSocket } from "ws";
import { until } from "../../../test/helpers.js";

export { deferred, gatedRule, simplePolicy, sleep, uncaughtOf, until } from "../../../test/helpers.js";

/** A running server of socket.io. */
export interface Running {
  readonly io: Server;
  readonly port: number;
}

const running: (() => Promise<void> | void)[] = [];

/** Ends all servers and clients of a test. */
export async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map((stop) => stop()));
}

/**
 * Starts a server of socket.io.
 *
 * @param prepare Sets up the server before it listens, as an application would.
 */
export async function listen(
  prepare: (io: Server) => void = () => {},
  options: Partial<ServerOptions> = {},
  port = 0,
): Promise<Running> {
  const http = createServer((_request, response) => response.end("page"));
  const connections = new Set<TcpSocket>();
  http.on("connection", (connection) => connections.add(connection));
  const io = new Server(http, options);
  running.push(async () => {
    for (const connection of connections) connection.destroy();
    await io.close();
  });
  prepare(io);
  http.listen(port, "127.0.0.1");
  await new Promise((resolve) => http.once("listening", resolve));
  return { io, port: (http.address() as AddressInfo).port };
}

/** A client that has begun to connect. */
export function clientOf(
  { port }: Running,
  namespace = "/",
  options: Partial<ManagerOptions & SocketOptions> = {},
): Client {
  const client = connectSocket(`http://127.0.0.1:${port}${namespace}`, {
    transports: ["websocket"],
    forceNew: true,
    reconnection: false,
    ...options,
  });
  running.push(() => void client.disconnect());
  return client;
}

/** A connected client. Throws when it is refused. */
export async function open(...given: Parameters<typeof clientOf>): Promise<Client> {
  const client = clientOf(...given);
  await new Promise<void>((resolve, reject) => {
    client.once("connect", resolve);
    client.once("connect_error", reject);
  });
  return client;
}

/** The error of a `connect_error`. */
export interface Refused extends Error {
  readonly data?: { readonly code: string; readonly status: number };
}

/** The refusal of a client. Throws when it was admitted. */
export function refusalOf(...given: Parameters<typeof clientOf>): Promise<Refused> {
  const client = clientOf(...given);
  return new Promise((resolve, reject) => {
    client.once("connect", () => reject(new Error("the client was not refused")));
    client.once("connect_error", resolve);
    client.once("disconnect", () => reject(new Error("the client was cut off")));
  });
}

/** Sends events so that they arrive together. Each promise resolves with the acknowledgement, or `"none"`. */
export function together(client: Client, ...events: readonly (readonly [string, ...unknown[]])[]): Promise<unknown>[] {
  const { engine } = client.io as unknown as { engine: { transport: { writable: boolean }; flush(): void } };
  engine.transport.writable = false;
  const answers = events.map(
    ([event, ...args]) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve("none"), 300);
        client.emit(event, ...args, (answer: unknown) => {
          clearTimeout(timer);
          resolve(answer);
        });
      }),
  );
  engine.transport.writable = true;
  engine.flush();
  return answers;
}

/** The server's end of the only client there is. */
export const only = (io: Server): Socket => [...io.sockets.sockets.values()][0] as Socket;

/** A polling client that fetches nothing. Sends packets of engine.io in one request. */
export async function poll({ port }: Running): Promise<(...packets: readonly string[]) => Promise<unknown>> {
  const url = `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`;
  const opened = await (await fetch(url)).text();
  const { sid } = JSON.parse(opened.slice(1));
  return (...packets) => fetch(`${url}&sid=${sid}`, { method: "POST", body: packets.join("\x1e") });
}

/** A client that sends and receives raw engine.io packets. */
export class Raw {
  readonly received: string[] = [];
  isClosed = false;
  readonly socket: WebSocket;

  constructor({ port }: Running) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
    this.socket.on("message", (data) => void this.received.push(String(data)));
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.isClosed = true;
    });
    running.push(() => this.socket.terminate());
  }

  /** Waits for the packet that opens the connection, then sends. */
  async send(...packets: readonly (string | Uint8Array)[]): Promise<void> {
    await until(() => this.received.length > 0, "the connection is open");
    for (const packet of packets) this.socket.send(packet);
  }

  /** The packets received so far, once one of them begins with `start`. */
  async packet(start: string): Promise<string> {
    await until(() => this.received.some((packet) => packet.startsWith(start)), `a packet ${start}`);
    return this.received.find((packet) => packet.startsWith(start)) as string;
  }
}
