import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { guard, json, serve } from "@portcullis/adapter-ws";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { assertOrders } from "./assert-orders.js";
import { Counters, runs } from "./counters.js";
import type { Play, Theatre } from "./network.js";
import { DrawnOrder } from "./order.js";
import { loops, perform, reached, takeSockets } from "./performance.js";
import { paces, socketSetups } from "./plans.js";

let giveBack = () => {};
/** Numbers of listeners on the socket of an unguarded open connection, by event. */
let bare: Record<string, number> | undefined;

const listenersOf = (socket: Socket) =>
  Object.fromEntries(socket.eventNames().map((event) => [String(event), socket.listenerCount(event)]));

beforeAll(async () => {
  const wss = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => wss.once("listening", resolve));
  const client = new WebSocket(`ws://127.0.0.1:${(wss.address() as AddressInfo).port}`);
  bare = await new Promise((resolve) => wss.on("connection", (_socket, { socket }) => resolve(listenersOf(socket))));
  client.on("error", () => {});
  client.terminate();
  await new Promise((resolve) => wss.close(resolve));
  giveBack = takeSockets();
});
afterAll(() => giveBack());

async function theatre(play: Play): Promise<Theatre> {
  const http = createServer();
  const wss = new WebSocketServer({ server: http, perMessageDeflate: false });
  const options = { ...play.options, codec: json() };
  const guarded = play.isServed ? serve(wss, play.rules as never, options) : guard(wss, play.rules as never, options);
  let served: WebSocket | undefined;
  wss.on("connection", (socket, { socket: tcp }) => {
    served = socket;
    play.opened(guarded.sessionOf(socket) as never);
    if (!isDeepStrictEqual(listenersOf(tcp), bare)) play.fail(`listeners: ${JSON.stringify(listenersOf(tcp))}`);
    if (!play.isServed) {
      socket.on("message", (data) => {
        const { id } = JSON.parse(String(data));
        play.delivered(id);
        socket.send(JSON.stringify({ id }));
      });
    }
    socket.on("close", () => play.told());
    socket.on("error", () => {});
  });
  http.listen(0, "127.0.0.1");
  await new Promise((resolve) => http.once("listening", resolve));
  const { port } = http.address() as AddressInfo;
  let client: WebSocket | undefined;
  const connect = () => {
    client = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
    client.on("open", () => play.entered());
    client.on("error", () => {});
    client.on("message", (data) => {
      const { id, error } = JSON.parse(String(data));
      play.receives(id, error ? error.code : "allowed");
    });
  };
  let count = 1;
  const isQuiet = () => {
    http.getConnections((_error, connections) => {
      count = connections;
    });
    return count === 0 && client?.readyState === WebSocket.CLOSED && wss.clients.size === 0;
  };
  return {
    guard: guarded as never,
    connect,
    send: (action, index) => client?.send(JSON.stringify({ type: action, id: index, about: index })),
    leave: () => client?.terminate(),
    close: () => client?.close(),
    cut: () => served?.terminate(),
    isQuiet,
    stop: async () => {
      for (const socket of wss.clients) socket.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => wss.close(resolve));
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

test("one connection of ws, whatever happens in whatever order", { timeout: 0 }, async () => {
  const counters = new Counters();
  const playing = fc.asyncProperty(socketSetups, fc.scheduler(), paces, async (setup, scheduler, drawn) => {
    const order = new DrawnOrder(scheduler, drawn, loops);
    const broken = await perform(setup, order, theatre);
    counters.count(order.taken);
    expect([broken, order.taken]).toEqual([[], order.taken]);
  });
  const numRuns = runs(300, 0.1);
  await assertOrders(playing, numRuns);
  expect(reached.messages).toBeGreaterThan(numRuns / 4);
  expect(reached.answers).toBeGreaterThan(numRuns / 4);
  counters.report("drawn orders over ws: one connection, up to four messages and three events");
});
