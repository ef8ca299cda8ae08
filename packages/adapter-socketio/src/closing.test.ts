import { AllowAny, definePolicy, permission } from "@portcullis/core";
import type { Socket } from "socket.io";
import type { Socket as Client } from "socket.io-client";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Poller } from "../test/polling.js";
import {
  deferred,
  gatedRule,
  listen,
  only,
  open,
  poll,
  Raw,
  simplePolicy,
  sleep,
  stopAll,
  together,
  until,
} from "../test/support.js";
import { guard } from "./guard.js";

afterEach(stopAll);

describe("row 10: revoked in the middle of an async join", () => {
  const joining = (socket: Socket, checked: Promise<void>, mayJoin: () => boolean) =>
    socket.on("join", async () => {
      await checked;
      if (mayJoin()) socket.join("staff");
    });

  test("socket.io alone: a client revoked during an await joins", async () => {
    const { promise, resolve } = deferred();
    const server = await listen((io) => io.on("connection", (socket) => joining(socket, promise, () => true)));
    (await open(server)).emit("join");
    await sleep(20);
    server.io.socketsLeave("staff");
    resolve();
    await sleep(20);
    expect(server.io.sockets.adapter.rooms.get("staff")?.size).toBe(1);
  });

  test("guarded: the handler's session says that it has ended, in time", async () => {
    const { promise, resolve } = deferred();
    const server = await listen((io) => {
      const guarded = guard(io, definePolicy({ permissions: AllowAny }));
      io.on("connection", (socket) => {
        const session = guarded.sessionOf(socket);
        joining(socket, promise, () => session?.signal.aborted === false);
      });
    });
    const client = await open(server);
    client.emit("join");
    await sleep(20);
    only(server.io).disconnect();
    resolve();
    await sleep(20);
    expect(server.io.sockets.adapter.rooms.has("staff")).toBe(false);
  });
});

describe("the end of a connection", () => {
  test.each([
    ["socket.io alone loses", false],
    ["guarded there arrives", true],
  ])("%s the event sent in one packet with a leave", async (_what, isGuarded) => {
    const log: string[] = [];
    const server = await listen((io) => {
      if (isGuarded) guard(io, simplePolicy());
      io.on("connection", (socket) =>
        socket.on("ping", () => log.push("ping")).on("disconnect", (why) => log.push(why)),
      );
    });
    const polling = await poll(server);
    await polling("40");
    await until(() => server.io.sockets.sockets.size === 1);
    await polling('42["ping"]', "41");
    await until(() => log.length > 0);
    await sleep(20);
    expect(log).toEqual([...(isGuarded ? ["ping"] : []), "client namespace disconnect"]);
  });

  test("comes behind what the client sent before it left", async () => {
    const log: string[] = [];
    const server = await listen((io) => {
      guard(io, simplePolicy());
      io.on("connection", (socket) => {
        socket.on("slow", ({ n }) => log.push(`slow ${n}`)).on("ping", () => log.push("ping"));
        socket.on("disconnecting", () => log.push("disconnecting")).on("disconnect", (reason) => log.push(reason));
      });
    });
    const raw = new Raw(server);
    await raw.send("40");
    await raw.packet("40");
    await raw.send('42["ping"]', '42["slow",{"n":1}]', '42["ping"]', '42["slow",{"n":2}]', "41");
    await until(() => log.length === 6);
    expect(log).toEqual(["ping", "slow 1", "ping", "slow 2", "disconnecting", "client namespace disconnect"]);
  });

  test("lets a client return while its earlier events are decided", async () => {
    const log: string[] = [];
    const { promise, resolve } = deferred<boolean>();
    const server = await listen((io) => {
      guard(io, definePolicy({ permissions: permission("slow", () => promise) }));
      io.on("connection", (socket) => {
        log.push("connection");
        socket.on("held", () => log.push("held")).on("disconnect", () => log.push("disconnect"));
      });
      io.of("/other");
    });
    const client = await open(server);
    const other = client.io.socket("/other").connect();
    await until(() => other.connected);
    client.emit("held");
    await sleep(20);
    client.disconnect();
    await sleep(20);
    client.connect();
    await sleep(20);
    expect([other.connected, client.connected, log]).toEqual([true, false, ["connection"]]);
    resolve(true);
    await until(() => client.connected);
    expect([other.connected, log]).toEqual([true, ["connection", "held", "disconnect", "connection"]]);
    expect(await Promise.race([client.emitWithAck("held"), sleep(20)])).toBe(undefined);
    expect([log.at(-1), server.io.sockets.sockets.size]).toEqual(["held", 1]);
  });

  test("is immediate on a server disconnect, even during a leave", async () => {
    const { rule, asked } = gatedRule();
    const log: unknown[] = [];
    const server = await listen((io) => {
      guard(io, definePolicy({ actions: { held: rule } }));
      io.on("connection", (socket) =>
        socket.on("held", () => log.push("held")).on("disconnect", (why) => log.push(why)),
      );
    });
    const client = await open(server);
    const socket = only(server.io);
    client.emit("held");
    await until(() => asked.length === 1);
    client.disconnect();
    await sleep(20);
    expect(log).toEqual([]);
    socket.disconnect();
    expect(log).toEqual(["client namespace disconnect"]);
    asked[0]?.resolve(true);
    await sleep(20);
    expect(log).toHaveLength(1);
  });

  test("closing a session disconnects only its own namespace", async () => {
    const all = definePolicy({ permissions: AllowAny });
    const server = await listen((io) => {
      guard(io, all);
      io.of("/chat");
    });
    const client = await open(server);
    const chat = client.io.socket("/chat");
    await new Promise<void>((resolve) => chat.once("connect", resolve));
    const ended = new Promise((resolve) => client.once("disconnect", resolve));
    only(server.io).disconnect();
    expect(await ended).toBe("io server disconnect");
    await sleep(1200);
    expect(chat.connected).toBe(true);
  });

  test("a client that stays after its session closed is cut off", async () => {
    const server = await listen();
    const guarded = guard(server.io, simplePolicy());
    const raw = new Raw(server);
    await raw.send("40");
    await raw.packet("40");
    for (const session of guarded.sessions) session.close(4403, "banned");
    await raw.packet("41");
    expect(guarded.sessions.size).toBe(0);
    await until(() => raw.isClosed);
  });
});

test("guard.close() lets what was accepted reach its handler, which answers", async () => {
  const { rule, asked } = gatedRule();
  const server = await listen();
  const guarded = guard(server.io, definePolicy({ actions: { held: rule } }));
  server.io.on("connection", (socket) => socket.on("held", (answer) => answer("done")));
  const client = await open(server);
  const [answer] = together(client, ["held"]);
  await until(() => asked.length === 1);
  const closing = guarded.close();
  asked[0]?.resolve(true);
  expect(await answer).toBe("done");
  await closing;
  await until(() => !client.connected);
});

test("guard.close() waits until a polling client has fetched its answers", async () => {
  const { rule, asked } = gatedRule();
  const server = await listen();
  const guarded = guard(server.io, definePolicy({ actions: { held: rule } }));
  server.io.on("connection", (socket) => socket.on("held", (answer) => answer("done")));
  const poller = await Poller.open(server);
  await poller.connect();
  await poller.post('420["held"]');
  await until(() => asked.length === 1);
  let isOver = false;
  const closing = guarded.close().then(() => {
    isOver = true;
  });
  asked[0]?.resolve(true);
  await until(() => guarded.sessions.size === 0);
  await sleep(30);
  expect(isOver).toBe(false);
  expect((await poller.poll()).body).toBe('430["done"]');
  expect(isOver).toBe(false);
  // Only the connection ends, without a packet about the namespace. So the client library reconnects.
  expect((await poller.poll()).body.split("\x1e").at(-1)).toBe("1");
  await closing;
});

describe.each(["websocket", "polling"] as const)("a client over %s", (transport) => {
  const options = { transports: [transport], reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 40 };
  const everything = definePolicy({ permissions: AllowAny });
  const lives = (client: Client) => new Promise<string>((resolve) => client.once("disconnect", resolve));
  const back = (client: Client) => new Promise<void>((resolve) => client.once("connect", resolve));

  test.each([1001, 1011, 1012, 1013])("comes back by itself after %i", async (code) => {
    const server = await listen();
    const guarded = guard(server.io, everything);
    const client = await open(server, "/", options);
    const left = lives(client);
    for (const session of guarded.sessions) session.close(code);
    expect(await left).toBe("transport close");
    await back(client);
    expect(guarded.sessions.size).toBe(1);
  });

  test.each([1000, 1008, 4000, 4403, 4999])("is disconnected for good by %i", async (code) => {
    const server = await listen();
    const guarded = guard(server.io, everything);
    const client = await open(server, "/", options);
    const left = lives(client);
    for (const session of guarded.sessions) session.close(code);
    expect(await left).toBe("io server disconnect");
    expect(client.active).toBe(false);
  });

  test.each([true, false])("comes back after a deploy (guarded: %s)", async (isGuarded) => {
    const first = await listen();
    const guarded = isGuarded ? guard(first.io, everything) : undefined;
    first.io.of("/other");
    const client = await open(first, "/", options);
    const other = client.io.socket("/other");
    await until(() => other.connected);
    await guarded?.close();
    void first.io.close();
    await until(() => !client.connected && !other.connected);
    const next = await listen((io) => void io.of("/other"), {}, first.port);
    if (isGuarded) guard(next.io, everything);
    await until(() => client.connected && other.connected);
  });

  test("has the answers of all its namespaces before guard.close() ends it", async () => {
    const { rule, asked } = gatedRule();
    const server = await listen((io) => {
      for (const name of ["/", "/slow"])
        io.of(name).on("connection", (socket) => socket.on("held", (tell) => tell("done")));
    });
    const guarded = guard(server.io, definePolicy({ actions: { held: rule } }));
    const client = await open(server, "/", options);
    const slow = client.io.socket("/slow");
    await until(() => slow.connected);
    const answer = slow.emitWithAck("held");
    await until(() => asked.length === 1);
    const closing = guarded.close();
    await until(() => guarded.sessions.size === 1);
    expect(client.connected).toBe(true);
    asked[0]?.resolve(true);
    expect(await answer).toBe("done");
    await closing;
    await until(() => !client.connected && !slow.connected);
    expect([client.active, slow.active]).toEqual([true, true]);
  });
});

test("a namespace whose guard closes last leaves nobody behind", async () => {
  const { rule, asked } = gatedRule();
  const server = await listen((io) => void io.of("/slow"));
  const guarded = guard(server.io, definePolicy({ actions: { held: rule } }));
  const raw = new Raw(server);
  await raw.send("40", "40/slow,");
  await until(() => guarded.sessions.size === 2);
  await raw.send('42/slow,0["held"]');
  await until(() => asked.length === 1);
  const closing = guarded.close();
  await until(() => guarded.sessions.size === 1);
  // The client leaves the namespace that the other waits for.
  await raw.send("41/slow,");
  await sleep(20);
  asked[0]?.resolve(true);
  await closing;
  await until(() => raw.isClosed);
});

test("guard.close() of a namespace ignores clients staying in another", async () => {
  const server = await listen();
  server.io.of("/other");
  const guarded = guard(server.io.of("/admin"), definePolicy({ permissions: AllowAny }));
  const raw = new Raw(server);
  await raw.send("40/other,", "40/admin,");
  await until(() => guarded.sessions.size === 1);
  await guarded.close();
  expect(guarded.sessions.size).toBe(0);
  expect(raw.isClosed).toBe(false);
});

test("io.close() ends the sessions and aborts running rules", async () => {
  let signal: AbortSignal | undefined;
  const server = await listen();
  const hangs = permission("hangs", (context) => {
    signal = context.signal;
    return new Promise<boolean>(() => {});
  });
  const guarded = guard(server.io, definePolicy({ actions: { hangs } }));
  (await open(server)).emit("hangs");
  await until(() => signal !== undefined);
  server.io.disconnectSockets();
  await until(() => guarded.sessions.size === 0);
  expect(signal?.aborted).toBe(true);
});

test("a closed guarded server holds nothing of its clients", async () => {
  const onDecision = vi.fn();
  const server = await listen();
  const guarded = guard(server.io, simplePolicy(), { onDecision });
  const clients = await Promise.all(Array.from({ length: 5 }, () => open(server)));
  for (const client of clients) client.emit("never");
  await sleep(20);
  for (const client of clients) client.io.engine.close();
  await until(() => guarded.sessions.size === 0);
  expect(onDecision.mock.calls.filter(([event]) => event.decision.code === "aborted")).toHaveLength(5);
});

describe.each(["websocket", "polling"] as const)(
  "guards of several namespaces that are closed together, %s",
  (transport) => {
    test.each([
      ["the server's first", [0, 1]],
      ["the namespace's first", [1, 0]],
    ] as const)("end the connection of a client in both: %s", async (_, order) => {
      const server = await listen();
      const policy = definePolicy({ permissions: AllowAny });
      const guards = [guard(server.io, policy), guard(server.io.of("/admin"), policy)];
      const root = await open(server, "/", { transports: [transport] });
      const admin = root.io.socket("/admin");
      await until(() => admin.connected);
      const reasons: string[] = [];
      for (const client of [root, admin]) client.on("disconnect", (reason) => reasons.push(reason));
      await Promise.all(order.map((index) => guards[index]?.close()));
      await until(() => reasons.length === 2);
      expect(reasons).toEqual(["transport close", "transport close"]);
    });
  },
);
