import { AllowAny, DenyAll, definePolicy } from "@portcullis/core";
import { afterEach, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { tcpOf } from "../test/pending.js";
import { Client, enter, frame, start, stopAll, until } from "../test/support.js";
import { guard, json, jsonRpc } from "./index.js";

afterEach(stopAll);

test("a socket that is not admitted is not paused", () => {
  const wss = new WebSocketServer({ noServer: true });
  guard(wss, definePolicy({ permissions: AllowAny }));
  const Guarded = wss.options.WebSocket as unknown as new (...given: unknown[]) => WebSocket;
  expect(new Guarded(null, undefined, { autoPong: true }).isPaused).toBe(false);
});

test("the application sees its own pauses, until the socket is closed", async () => {
  const { socket } = await enter(await start());
  socket.pause();
  expect([socket.isPaused, tcpOf(socket).isPaused()]).toEqual([true, true]);
  socket.resume();
  expect([socket.isPaused, tcpOf(socket).isPaused()]).toEqual([false, false]);
  socket.terminate();
  await until(() => socket.readyState === socket.CLOSED);
  socket.pause();
  expect(socket.isPaused).toBe(false);
});

test("a resume of the application leaves a pause of the guard", async () => {
  const { socket } = await enter(await start({ options: { limits: { unread: 1 } } }));
  const tcp = tcpOf(socket);
  tcp.cork();
  expect(socket.emit("message", Buffer.from('{"action":"secret"}'), false)).toBe(true);
  expect(tcp.isPaused()).toBe(true);
  socket.resume();
  expect(tcp.isPaused()).toBe(true);
  tcp.uncork();
  await until(() => !tcp.isPaused());
});

test("a client that does not read gets no pong", async () => {
  const codec = json({ heartbeat: { ping: "ping", pong: "pong" } });
  const running = await start({ options: { codec, limits: { unread: 1 } } });
  const client = await Client.open(running.url);
  await until(() => running.sockets.length === 1);
  const [socket] = running.sockets as [(typeof running.sockets)[0]];
  const tcp = tcpOf(socket);
  expect(socket.emit("message", Buffer.from("ping"), false)).toBe(true);
  await until(() => client.received.length === 1);
  tcp.cork();
  socket.emit("message", Buffer.from('{"type":"secret"}'), false);
  expect(socket.emit("message", Buffer.from("ping"), false)).toBe(true);
  tcp.uncork();
  await until(() => client.received.length === 2 && !tcp.isPaused());
  socket.send("last");
  await until(() => client.received.includes("last"));
  expect(client.received.filter((text) => text === "pong")).toHaveLength(1);
});

test("a message that is no bytes is refused, not thrown", async () => {
  const { socket, tcp } = await enter(await start());
  expect(socket.emit("message", 5, true)).toBe(true);
  await until(() => tcp.received.includes("response_status"));
  expect(tcp.received.toString("latin1")).toContain("400");
});

test("batches are handled without fair scheduling", async () => {
  const policy = definePolicy({ permissions: AllowAny });
  const running = await start({ policy, options: { codec: jsonRpc(), fairScheduling: false } });
  const { tcp } = await enter(running);
  const batch = frame(JSON.stringify([1, 2].map((id) => ({ jsonrpc: "2.0", method: "say", id }))));
  tcp.socket.write(Buffer.concat([batch, batch]));
  await until(() => running.handled.length === 2 || tcp.isClosed);
  expect(tcp.isClosed).toBe(false);
});

test("a refusal that ws cannot write is reported, and cuts the client", () => {
  const reported: unknown[] = [];
  const wss = new WebSocketServer({ noServer: true });
  guard(wss, definePolicy({ connect: DenyAll, actions: {} }), {
    onDecision: ({ decision }) => void (decision.error && reported.push([decision.by, decision.error])),
  });
  const destroyed: string[] = [];
  const socket = { on() {}, off() {}, destroy: () => void destroyed.push("destroy") };
  const fail = () => {
    throw new Error("of ws");
  };
  const verify = wss.options.verifyClient as (info: object, answer: unknown) => void;
  verify({ req: { url: "/", headers: {}, socket } }, fail);
  expect([reported, destroyed]).toEqual([[["guard", new Error("of ws")]], ["destroy"]]);
});
