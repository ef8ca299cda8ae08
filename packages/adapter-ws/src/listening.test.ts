import { on, once } from "node:events";
import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { continuity, memoryRevocations } from "@portcullis/core/continuity";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createWebSocketStream, type WebSocket } from "ws";
import { Client, sleep, start, stopAll, until } from "../test/support.js";
import { jsonRpc } from "./index.js";

afterEach(stopAll);

const PING = '{"action":"ping"}';

type Listen = (socket: WebSocket, note: (message: unknown) => void) => unknown;

const WAYS: [string, Listen][] = [
  ["on", (socket, note) => socket.on("message", (data) => note(String(data)))],
  ["addListener", (socket, note) => socket.addListener("message", (data) => note(String(data)))],
  ["once", (socket, note) => socket.once("message", (data) => note(String(data)))],
  ["prependListener", (socket, note) => socket.prependListener("message", (data: unknown) => note(String(data)))],
  [
    "prependOnceListener",
    (socket, note) => socket.prependOnceListener("message", (data: unknown) => note(String(data))),
  ],
  [
    "onmessage",
    (socket, note) => {
      socket.onmessage = ({ data }) => note(data);
    },
  ],
  ["addEventListener", (socket, note) => socket.addEventListener("message", ({ data }) => note(data))],
  [
    "addEventListener with an object, once",
    (socket, note) => socket.addEventListener("message", { handleEvent: ({ data }) => note(data) }, { once: true }),
  ],
  ["createWebSocketStream", (socket, note) => createWebSocketStream(socket).on("data", (data) => note(String(data)))],
  [
    "events.on",
    async (socket, note) => {
      for await (const [data] of on(socket, "message")) note(String(data));
    },
  ],
  ["events.once", async (socket, note) => note(String((await once(socket, "message"))[0]))],
];

test("a held message is decided again when the scope has changed meanwhile", async () => {
  const seen: unknown[] = [];
  let role = "admin";
  const revocations = memoryRevocations();
  const isAdmin = permission("isAdmin", ({ scope }: { scope: { role?: string } }) => scope.role === "admin");
  const { url, sockets } = await start({
    policy: definePolicy({ connect: AllowAny, actions: { ping: isAdmin } }) as never,
    options: {
      listenerGrace: 60_000,
      authenticate: () => ({ user: { id: 1 }, role }),
      identify: () => ({ subjects: ["user:1"] }),
      continuity: continuity({ revocations }),
    },
    onConnection: () => undefined,
  });
  const client = await Client.open(url);
  client.send(PING);
  await sleep(50);
  role = "member";
  await revocations.refresh("user:1");
  sockets[0]?.on("message", (data) => void seen.push(String(data)));
  const [refused] = await client.replies(1);
  expect([seen, refused]).toMatchObject([[], { response_status: 403 }]);
});

test("a held batch is refused once when the scope has changed meanwhile", async () => {
  const seen: unknown[] = [];
  const revocations = memoryRevocations();
  const { url, sockets } = await start({
    options: {
      codec: jsonRpc(),
      listenerGrace: 60_000,
      authenticate: () => ({ user: { id: 1 } }),
      identify: () => ({ subjects: ["user:1"] }),
      continuity: continuity({ revocations }),
    },
    onConnection: () => undefined,
  });
  const client = await Client.open(url);
  const calls = [1, 2].map((id) => ({ jsonrpc: "2.0", method: "ping", id }));
  client.send(JSON.stringify(calls));
  await sleep(50);
  await revocations.refresh("user:1");
  sockets[0]?.on("message", (data) => void seen.push(String(data)));
  await client.replies(1);
  client.send(JSON.stringify({ jsonrpc: "2.0", method: "nope", id: 3 }));
  const [batch, next] = (await client.replies(2)) as [{ id: number; error: { data: { code: string } } }[], unknown];
  expect(batch.map(({ id, error }) => [id, error.data.code])).toEqual([
    [1, "batch_refused"],
    [2, "batch_refused"],
  ]);
  expect([seen, next]).toMatchObject([[], { id: 3 }]);
});

describe.each(WAYS)("a listener by %s", (_way, listen) => {
  test("is behind the gate, and misses nothing when added late", async () => {
    const seen: unknown[] = [];
    const { url } = await start({
      options: { listenerGrace: 60_000 },
      onConnection: async (socket) => {
        // A listener for another event is no listener for messages.
        socket.on("ping", () => {});
        socket.addListener("pong", () => {});
        socket.prependListener("close", () => {});
        await sleep(20);
        listen(socket, (message) => void seen.push(message));
      },
    });
    const client = await Client.open(url);
    client.send({ action: "secret" }, { action: "nope" }, "garbage", PING);
    await until(() => seen.length === 1);
    expect(seen).toEqual([PING]);
    expect(await client.replies(3)).toHaveLength(3);
  });
});

describe("a socket without a listener", () => {
  const patient = { listenerGrace: 60_000 };

  test("is read at once, for pings, refusals and closes", async () => {
    const { url, guard, wss } = await start({ options: patient, onConnection: () => {} });
    const client = await Client.open(url);
    let pongs = 0;
    client.socket.on("pong", () => {
      pongs += 1;
    });
    client.socket.ping();
    client.send({ action: "secret" });
    await until(() => pongs === 1 && client.received.length === 1);
    client.socket.close(1000);
    await until(() => guard.sessions.size === 0 && wss.clients.size === 0);
    expect((await client.end()).code).toBe(1000);
  });

  test("is not kept once its client is dead", async () => {
    const { url, wss } = await start({ options: patient, onConnection: () => {} });
    const client = await Client.open(url);
    client.socket.terminate();
    await until(() => wss.clients.size === 0);
  });

  test("is closed at once where its connection listener closes it", async () => {
    const { url } = await start({ options: patient, onConnection: (socket) => socket.close(4001) });
    expect((await (await Client.open(url)).end()).code).toBe(4001);
  });

  test("emits a ping at once, and the message to a later listener", async () => {
    const order: string[] = [];
    const { url, sockets } = await start({ options: patient, onConnection: () => {} });
    const client = await Client.open(url);
    client.send(PING);
    const pong = new Promise((resolve) => client.socket.once("pong", resolve));
    client.socket.ping();
    await pong;
    expect([sockets[0]?.isPaused, sockets[0]?.readyState]).toEqual([false, 1]);
    sockets[0]?.on("message", () => void order.push("heard"));
    order.push("attached");
    await until(() => order.length === 2);
    expect(order).toEqual(["attached", "heard"]);
  });

  test("drops the waiting message once its session is closed", async () => {
    const heard: unknown[] = [];
    const { url, sockets, session } = await start({ options: patient, onConnection: () => {} });
    const client = await Client.open(url);
    client.send(PING, PING);
    client.socket.ping();
    await new Promise((resolve) => client.socket.once("pong", resolve));
    session().close(4000);
    sockets[0]?.on("message", (data) => heard.push(data));
    expect((await client.end()).code).toBe(4000);
    expect(heard).toEqual([]);
  });

  test("causes one warning, for the first allowed message", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const { url, session, guard } = await start({ options: { listenerGrace: 20 }, onConnection: () => {} });
    for (let count = 0; count < 2; count++) {
      const client = await Client.open(url);
      client.send({ action: "slow", wait: 1 }, PING, { action: "secret" });
      expect(await client.replies(1)).toMatchObject([{ response_status: 403 }]);
      expect(session().isEnded).toBe(false);
      client.socket.close();
      await until(() => guard.sessions.size === 0);
    }
    expect(warn).toHaveBeenCalledOnce();
    expect(String(warn.mock.calls[0]?.[0])).toMatch(
      /^portcullis: guard\(\): a message was allowed.+socket\.on\("message"/,
    );
    warn.mockRestore();
  });

  test("is closed by the server before anything was read", async () => {
    const { url, sockets } = await start({ onConnection: () => {} });
    const client = await Client.open(url);
    sockets[0]?.terminate();
    expect((await client.end()).code).toBe(1006);
  });
});

describe("the application's own pause", () => {
  test("outlasts the guard's", async () => {
    const { url, sockets, handled } = await start();
    const client = await Client.open(url);
    client.send({ action: "slow", wait: 30 }, { action: "slow", wait: 1 });
    await sleep(10);
    sockets[0]?.pause();
    await until(() => handled.length === 2);
    client.send(PING);
    await sleep(30);
    expect(handled).toHaveLength(2);
    expect(sockets[0]?.isPaused).toBe(true);
    sockets[0]?.resume();
    await until(() => handled.length === 3);
  });

  test("does not end the guard's when it ends", async () => {
    const { url, sockets, handled } = await start({ onConnection: () => {} });
    const client = await Client.open(url);
    client.send(PING);
    await until(() => sockets.length === 1);
    sockets[0]?.pause();
    sockets[0]?.resume();
    await sleep(20);
    sockets[0]?.on("message", (data) => void handled.push(String(data)));
    await until(() => handled.length === 1);
  });

  test("before the first listener stays", async () => {
    const { url, handled } = await start({
      onConnection: (socket) => {
        socket.pause();
        socket.on("message", (data) => void handled.push(String(data)));
        setTimeout(() => socket.resume(), 40);
      },
    });
    const client = await Client.open(url);
    client.send(PING);
    await sleep(20);
    expect(handled).toEqual([]);
    await until(() => handled.length === 1);
  });
});
