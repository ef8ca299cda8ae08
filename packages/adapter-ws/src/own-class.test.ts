import type { Server } from "node:http";
import { AllowAny, definePolicy } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket, type WebSocketServer } from "ws";
import { Client, frame, start, stopAll, Tcp, until } from "../test/support.js";
import { serve } from "./index.js";

afterEach(stopAll);

const PING = '{"action":"ping"}';
type Made = ConstructorParameters<typeof WebSocket>;

/** A server with its own class of sockets. */
const startWith = (Own: unknown, setup: Parameters<typeof start>[0] = {}) =>
  start({ onConnection: () => {}, ...setup, server: { WebSocket: Own as never, ...setup.server } });

describe("a class that listens in its constructor", () => {
  const ways = ["on", "addListener", "prependListener"] as const;

  test.each(ways)("is read at once, and is behind the gate: %s", async (way) => {
    const seen: string[] = [];
    class Listening extends WebSocket {
      constructor(...values: Made) {
        super(...values);
        const listen: (event: "message", listener: (data: unknown) => void) => unknown = this[way].bind(this) as never;
        listen("message", (data) => void seen.push(String(data)));
      }
    }
    const { url } = await startWith(Listening, { options: { listenerGrace: 60_000 } });
    const client = await Client.open(url);
    client.send({ action: "secret" }, PING);
    expect(await client.replies(1)).toMatchObject([{ action: "secret", response_status: 403 }]);
    await until(() => seen.length === 1);
    expect(seen).toEqual([PING]);
  });

  test("may have requested blobs there", async () => {
    const seen: unknown[] = [];
    class Blobs extends WebSocket {
      constructor(...values: Made) {
        super(...values);
        this.binaryType = "blob" as never;
        this.on("message", (data) => void seen.push(data));
      }
    }
    const { url, sockets } = await startWith(Blobs);
    const client = await Client.open(url);
    client.socket.send(Buffer.from('{"action":"secret"}'));
    client.socket.send(Buffer.from(PING));
    await until(() => seen.length === 1);
    expect(sockets[0]?.binaryType).toBe("blob");
    expect(seen[0]).toBeInstanceOf(Blob);
    expect(await (seen[0] as Blob).text()).toBe(PING);
    expect(await client.replies(1)).toMatchObject([{ response_status: 403 }]);
  });
});

test("a consumer is served at once without a listener", async () => {
  const echo = defineConsumer().action("echo", AllowAny, ({ payload }) => payload.text);
  const before = (wss: WebSocketServer) => void serve(wss, echo, { listenerGrace: 60_000 });
  const { url } = await start({ isBare: true, before, onConnection: () => {} });
  const client = await Client.open(url);
  client.send({ action: "echo", text: "here" });
  expect(await client.replies(1)).toMatchObject([{ data: "here" }]);
});

test("calls before a socket is open bypass the gate safely", async () => {
  const log: unknown[] = [];
  class Early extends WebSocket {
    setSocket(...values: unknown[]) {
      this.on("message", (data) => void log.push(String(data)));
      this.on("error", ({ message }) => void log.push(message));
      this.on("close", (code) => void log.push(code));
      log.push(this.emit("message", Buffer.from(PING), false));
      this.emit("error", new Error("early"));
      this.emit("close", 4000, Buffer.alloc(0));
      this.terminate();
      (WebSocket.prototype as unknown as Record<"setSocket", (...values: unknown[]) => void>).setSocket.apply(
        this,
        values,
      );
    }
    override terminate() {
      if (this.readyState !== WebSocket.CONNECTING) super.terminate();
    }
  }
  const { url, guard } = await startWith(Early);
  const client = await Client.open(url);
  client.send(PING);
  await until(() => log.length === 4);
  expect(log).toEqual([false, "early", 4000, PING]);
  expect(guard.sessions.size).toBe(1);
});

test.each<[string, (wss: WebSocketServer, fail: () => never) => void]>([
  [
    "handleProtocols",
    (wss, fail) => {
      wss.options.handleProtocols = fail;
    },
  ],
  ["listener for headers", (wss, fail) => void wss.on("headers", fail)],
])("a server whose %s throws leaves no client behind that nobody watches", async (_what, prepare) => {
  const { wss, http, port } = await start({ policy: definePolicy({ permissions: AllowAny }) });
  prepare(wss, () => {
    throw new Error("of the application");
  });
  const thrown: unknown[] = [];
  const server = http as Server;
  const [upgrade] = server.listeners("upgrade");
  server.removeAllListeners("upgrade");
  server.on("upgrade", (...values) => {
    try {
      upgrade?.(...values);
    } catch (error) {
      thrown.push(error);
    }
  });
  const tcp = new Tcp(port);
  tcp.knock(frame(PING), { "sec-websocket-protocol": "v1" });
  await until(() => tcp.isClosed);
  expect(thrown).toEqual([new Error("of the application")]);
  expect(tcp.received.length).toBe(0);
});

describe("a socket that did not pass the gate", () => {
  /** A server whose check was replaced after it was guarded. */
  async function replaced(onConnection: (socket: WebSocket) => void = () => {}) {
    const running = await start({ onConnection });
    running.wss.options.verifyClient = () => true;
    const tcp = new Tcp(running.port);
    return { ...running, tcp };
  }

  test("forwards nothing, and is terminated after a second", async () => {
    const log: unknown[] = [];
    const { tcp, sockets, wss } = await replaced((socket) => {
      socket.on("message", (data) => void log.push(data));
      socket.on("close", (code) => void log.push(code));
      socket.on("ping", () => void log.push("ping"));
    });
    tcp.knock(Buffer.concat([frame(PING), frame("", 9)]));
    await tcp.opened();
    expect(sockets[0]?.emit("message", Buffer.from(PING), false)).toBe(false);
    await until(() => wss.clients.size === 0);
    expect(log).toEqual(["ping", 1006]);
    expect(tcp.received.includes("not admitted")).toBe(true);
  });

  test("ends no process with a protocol error", async () => {
    const { tcp, wss } = await replaced();
    tcp.knock(frame("x", 3));
    await tcp.opened();
    tcp.socket.end();
    await until(() => wss.clients.size === 0);
    expect(tcp.received.includes("not admitted")).toBe(true);
  });
});
