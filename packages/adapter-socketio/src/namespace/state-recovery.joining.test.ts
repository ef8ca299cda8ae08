import { AllowAny, type Consumer, definePolicy, permission } from "@portcullis/core";
import type { Namespace } from "socket.io";
import type { Socket as Client } from "socket.io-client";
import { afterEach, describe, expect, test, vi } from "vitest";
import { clientOf, deferred, listen, open, Raw, type Running, stopAll, uncaughtOf, until } from "../../test/support.js";
import { guard } from "../guard.js";

afterEach(stopAll);

const all = definePolicy({ permissions: AllowAny });
const RESUMED = { connectionStateRecovery: {} };

/** The number of clients that are neither admitted nor refused. */
const comingIn = (namespace: Namespace) =>
  (namespace as unknown as { _preConnectSockets: ReadonlyMap<string, unknown> })._preConnectSockets.size;

interface Application {
  readonly server: Running;
  readonly guarded: ReturnType<typeof guard>;
  readonly opened: ReturnType<typeof vi.fn>;
  readonly consumers: Consumer[];
  /** Waits until a session is looked up for the second time, where the lookup is held. */
  isLookedUp(): Promise<void>;
  goOn(): void;
}

/** An application whose clients are in a room. */
async function start(isHeld = false): Promise<Application> {
  const opened = vi.fn();
  const consumers: Consumer[] = [];
  const noting = permission("noting", { connect: ({ consumer }) => consumers.push(consumer) > 0 });
  const server = await listen(undefined, RESUMED);
  const { adapter } = server.io.sockets;
  const restore = adapter.restoreSession.bind(adapter);
  const held = deferred<void>();
  let count = 0;
  adapter.restoreSession = async (id, offset) => {
    count += 1;
    if (isHeld && count === 2) await held.promise;
    return restore(id, offset);
  };
  const guarded = guard(server.io, definePolicy({ connect: noting, permissions: AllowAny }));
  server.io.on("connection", (socket) => {
    opened(socket.recovered);
    socket.join("staff");
    socket.emit("hello");
  });
  const isLookedUp = () => until(() => count === 2, "it is looked up again");
  return { server, guarded, opened, consumers, isLookedUp, goOn: held.resolve };
}

/** A client that was connected and is cut off. A message is sent meanwhile. */
async function awayFrom({ server }: Application): Promise<Client> {
  const client = clientOf(server);
  await new Promise((resolve) => client.once("hello", resolve));
  server.io.to("staff").emit("news", 0);
  await new Promise((resolve) => client.once("news", resolve));
  client.io.engine.close();
  await until(() => server.io.sockets.sockets.size === 0, "the server has noticed");
  server.io.to("staff").emit("news", 1);
  return client;
}

test("packets sent during a slow join are not lost", async () => {
  const app = await start();
  const client = await awayFrom(app);
  const { adapter } = app.server.io.sockets;
  const addAll = adapter.addAll.bind(adapter);
  const [held, asked] = [deferred<void>(), deferred<void>()];
  adapter.addAll = async (...given) => {
    asked.resolve();
    await held.promise;
    return addAll(...given);
  };
  const heard: unknown[] = [];
  client.on("news", (n) => void heard.push(n)).connect();
  await asked.promise;
  app.server.io.to("staff").emit("news", 2);
  held.resolve();
  await until(() => client.connected);
  app.server.io.to("staff").emit("news", 3);
  await until(() => heard.includes(3));
  expect(heard).toEqual([1, 2, 3]);
});

describe("a client that goes away while it is resumed", () => {
  test("stays gone when its session is found", async () => {
    const app = await start(true);
    const client = await awayFrom(app);
    client.connect();
    await app.isLookedUp();
    expect(comingIn(app.server.io.sockets)).toBe(1);
    client.io.engine.close();
    await until(() => app.server.io.engine.clientsCount === 0);
    const { adapter, sockets } = app.server.io.sockets;
    expect([comingIn(app.server.io.sockets), adapter.rooms.size, adapter.sids.size]).toEqual([0, 0, 0]);
    app.goOn();
    await new Promise((resolve) => setImmediate(resolve));
    expect([sockets.size, app.guarded.sessions.size, app.opened.mock.calls]).toEqual([0, 0, [[false]]]);
  });

  test("leaves a recreated namespace alone, even if the adapter fails", async () => {
    const onDecision = vi.fn();
    const [joining, failed] = [deferred<void>(), deferred<void>()];
    const server = await listen((io) => void guard(io.of(/^\/room-/), all, { onDecision }), {
      ...RESUMED,
      cleanupEmptyChildNamespaces: true,
    });
    server.io.once("new_namespace", ({ adapter }: Namespace) => {
      const kept = { sid: "1", pid: "2", rooms: ["staff"], data: {}, missedPackets: [] };
      const session = { ...kept, "portcullis:principal": JSON.stringify(["pattern /^\\/room-/", "anonymous"]) };
      adapter.restoreSession = async () => session as never;
      adapter.addAll = async () => {
        joining.resolve();
        await failed.promise;
        throw new Error("the adapter is down");
      };
    });
    const raw = new Raw(server);
    await raw.send('40/room-1,{"pid":"2","offset":"3"}');
    await joining.promise;
    raw.socket.terminate();
    await until(() => !server.io._nsps.has("/room-1"), "it is cleaned up");
    const other = await open(server, "/room-1");
    failed.resolve();
    await until(() => onDecision.mock.calls.length === 3);
    await new Promise((resolve) => setImmediate(resolve));
    expect(onDecision.mock.calls[2]?.[0]).toMatchObject({ phase: "connect", decision: { by: "guard" } });
    expect([server.io._nsps.get("/room-1")?.sockets.size, other.connected]).toEqual([1, true]);
  });
});

test("consumer.close() while a connection is resumed turns it away", async () => {
  const app = await start(true);
  const client = await awayFrom(app);
  const refused = new Promise((resolve) => client.once("connect_error", resolve));
  client.connect();
  await app.isLookedUp();
  app.consumers[1]?.close();
  app.goOn();
  expect(await refused).toMatchObject({ data: { code: "aborted", status: 499 } });
  const { sockets } = app.server.io.sockets;
  expect([sockets.size, comingIn(app.server.io.sockets), app.opened.mock.calls]).toEqual([0, 0, [[false]]]);
});

test("a session that nobody knows any more is a new one", async () => {
  await uncaughtOf(async (thrown) => {
    const app = await start();
    const raw = new Raw(app.server);
    await raw.send('40{"pid":"gone","offset":"gone"}');
    expect(JSON.parse((await raw.packet("4")).slice(2))).toEqual({ sid: expect.any(String), pid: expect.any(String) });
    expect([app.opened.mock.calls, thrown]).toEqual([[[false]], []]);
  });
});
