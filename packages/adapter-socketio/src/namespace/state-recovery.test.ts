import { AllowAny, definePolicy, permission } from "@portcullis/core";
import type { Server } from "socket.io";
import type { Socket as Client } from "socket.io-client";
import { afterEach, describe, expect, test, vi } from "vitest";
import { clientOf, deferred, listen, type Refused, type Running, sleep, stopAll, until } from "../../test/support.js";
import { guard } from "../guard.js";

afterEach(stopAll);

const BOTH = [true, false];
const banned = new Set<unknown>();
const fit = definePolicy({
  connect: permission("fit", { connect: ({ scope }) => !banned.has(scope.query.name) }),
  actions: { ping: AllowAny },
});

/** An application with two rooms, whose clients may be resumed. */
function application(io: Server): void {
  io.on("connection", (socket) => {
    if (!socket.recovered) {
      socket.join(["news", "staff"]);
      socket.data.visits = 1;
    } else socket.data.visits += 1;
    socket.on("ping", (answer) => answer({ rooms: [...socket.rooms].slice(1), ...socket.data }));
    socket.on("secret", (answer) => answer("told"));
    socket.emit("hello");
  });
}

const options = (skipMiddlewares: boolean) => ({ connectionStateRecovery: { skipMiddlewares } });

/** A client that was connected and is cut off. The packets sent meanwhile are stored for it. */
async function awayFrom(server: Running): Promise<Client> {
  const client = clientOf(server, "/", { query: { name: "mallory" } });
  await new Promise((resolve) => client.once("hello", resolve));
  const [before] = server.io.sockets.sockets.values();
  client.io.engine.close();
  await until(() => !before?.connected, "the server has noticed");
  server.io.to("staff").emit("confidential", 1);
  server.io.to("staff").emit("confidential", 2);
  return client;
}

/** Reconnects. Returns the events received, and the error of a refusal. */
async function comeBack(client: Client): Promise<{ heard: unknown[][]; error: Refused | undefined; frames: string[] }> {
  const heard: unknown[][] = [];
  const frames: string[] = [];
  client.onAny((event, value) => heard.push([event, value]));
  const entered = new Promise<Refused | undefined>((resolve) => {
    client.once("connect", () => resolve(undefined));
    client.once("connect_error", resolve);
  });
  client.connect();
  client.io.engine.on("data", (data: unknown) => frames.push(String(data)));
  const error = await entered;
  await sleep(20);
  return { heard, error, frames };
}

test("an unguarded namespace resumes as without any guard", async () => {
  const server = await listen((io) => {
    guard(io.of("/guarded"), fit);
    application(io);
  }, options(false));
  const client = await awayFrom(server);
  const { heard } = await comeBack(client);
  expect(await client.emitWithAck("ping")).toEqual({ rooms: ["news", "staff"], visits: 2 });
  expect(heard.map(([event]) => event)).toEqual(["confidential", "confidential", "hello"]);
});

describe.each(BOTH)("rows 7 and 7b: a connection that is resumed, `skipMiddlewares: %s`", (skips) => {
  test("socket.io alone: a banned user gets the missed messages", async () => {
    const server = await listen((io) => {
      io.use((socket, next) => next(banned.has(socket.handshake.query.name) ? new Error("banned") : undefined));
      application(io);
    }, options(skips));
    const client = await awayFrom(server);
    banned.add("mallory");
    const { frames, error } = await comeBack(client);
    banned.clear();
    expect(frames.join("\n")).toContain("confidential");
    if (skips)
      expect([error, client.recovered, server.io.sockets.adapter.rooms.get("staff")?.size]).toEqual([
        undefined,
        true,
        1,
      ]);
  });

  test("guarded: a banned user is refused and joins no room", async () => {
    const joined = vi.fn();
    const server = await listen((io) => {
      guard(io, fit);
      application(io);
    }, options(skips));
    const client = await awayFrom(server);
    server.io.sockets.adapter.on("join-room", joined);
    banned.add("mallory");
    const { frames, error, heard } = await comeBack(client);
    banned.clear();
    expect(error?.data).toMatchObject({ code: "permission_denied", status: 403 });
    expect([joined.mock.calls, heard, server.io.sockets.sockets.size]).toEqual([[], [], 0]);
    expect(frames.join("\n")).not.toContain("confidential");
  });

  test("guarded: an allowed user is resumed completely and stays guarded", async () => {
    const server = await listen((io) => {
      guard(io, fit);
      application(io);
    }, options(skips));
    const client = await awayFrom(server);
    const { heard, error } = await comeBack(client);
    expect([error, client.recovered]).toEqual([undefined, true]);
    expect(heard).toEqual([
      ["confidential", 1],
      ["confidential", 2],
      ["hello", expect.anything()],
    ]);
    expect(await client.emitWithAck("ping")).toEqual({ rooms: ["news", "staff"], visits: 2 });
    expect(await client.emitWithAck("secret")).toMatchObject({ ok: false, error: { code: "unknown_action" } });
    server.io.to("staff").emit("confidential", 3);
    await until(() => heard.some(([, value]) => value === 3));
  });

  test("guarded: packets sent during the decision are not lost", async () => {
    const asked = deferred<boolean>();
    let isAway = false;
    const slow = permission("slow", { connect: () => !isAway || asked.promise });
    const server = await listen((io) => {
      guard(io, definePolicy({ connect: slow, permissions: AllowAny }));
      application(io);
    }, options(skips));
    const client = await awayFrom(server);
    isAway = true;
    const coming = comeBack(client);
    await sleep(30);
    server.io.to("staff").emit("confidential", 3);
    expect(server.io.sockets.adapter.rooms.has("staff")).toBe(false);
    asked.resolve(true);
    const { heard } = await coming;
    expect(heard.slice(0, 3)).toEqual([1, 2, 3].map((n) => ["confidential", n]));
  });

  test("the application's middlewares run, and see a new connection", async () => {
    const seen: unknown[] = [];
    const server = await listen((io) => {
      guard(io, fit);
      application(io);
      io.use((socket, next) => {
        seen.push([socket.recovered, socket.data.visits, [...socket.rooms]]);
        next();
      });
    }, options(skips));
    await comeBack(await awayFrom(server));
    expect(seen).toEqual([
      [false, undefined, []],
      [false, undefined, []],
    ]);
  });
});

describe("an adapter", () => {
  test("that comes after the guard is held back too", async () => {
    const server = await listen((io) => {
      guard(io, fit);
      io.adapter(io.adapter() as never);
      application(io);
    }, options(true));
    const client = await awayFrom(server);
    banned.add("mallory");
    const { frames } = await comeBack(client);
    banned.clear();
    expect(frames.join("\n")).not.toContain("confidential");
  });

  test.each(["nothing", "an error"])("that returns a session once, and then %s, still resumes", async (then) => {
    const server = await listen((io) => {
      guard(io, fit);
      application(io);
      const { adapter } = io.sockets;
      const restore = adapter.restoreSession.bind(adapter);
      let count = 0;
      adapter.restoreSession = async (id, offset) => {
        count += 1;
        if (count === 1) return restore(id, offset);
        if (then === "an error") throw new Error("gone");
        return null as never;
      };
    }, options(true));
    const { heard } = await comeBack(await awayFrom(server));
    expect(heard.slice(0, 2)).toEqual([1, 2].map((n) => ["confidential", n]));
  });

  test("that cannot put it back into its rooms leads to a refusal", async () => {
    const onDecision = vi.fn();
    const server = await listen((io) => {
      guard(io, fit, { onDecision });
      application(io);
    }, options(true));
    const client = await awayFrom(server);
    server.io.sockets.adapter.addAll = async () => Promise.reject(new Error("the adapter is down"));
    const { error } = await comeBack(client);
    expect(error?.data).toMatchObject({ code: "permission_error", status: 500 });
    expect(error?.message).not.toContain("adapter");
    expect(onDecision.mock.calls.at(-1)?.[0]).toMatchObject({ phase: "connect", decision: { by: "guard" } });
    expect(server.io.sockets.sockets.size).toBe(0);
  });

  test("that never answers: the client is cut off without leaks", async () => {
    let count = 0;
    const server = await listen((io) => {
      guard(io, fit, { limits: { handshake: 80 } });
      application(io);
      const { adapter } = io.sockets;
      const restore = adapter.restoreSession.bind(adapter);
      adapter.restoreSession = (id, offset) => (++count === 1 ? restore(id, offset) : new Promise(() => {}));
    }, options(true));
    const client = await awayFrom(server);
    const ended = new Promise((resolve) => client.once("disconnect", resolve));
    client.connect();
    await ended;
    expect(count).toBe(2);
    expect(server.io.sockets.sockets.size).toBe(0);
  });
});

test("a resumed client is refused if middlewares are skipped again", async () => {
  const server = await listen((io) => {
    guard(io, fit, { onDecision: () => {} });
    application(io);
  }, options(true));
  const client = await awayFrom(server);
  (server.io as unknown as { opts: ReturnType<typeof options> }).opts.connectionStateRecovery.skipMiddlewares = true;
  const { error, frames } = await comeBack(client);
  expect(error?.data?.code).toBe("permission_error");
  expect(frames.join("\n")).not.toContain("confidential");
  expect(server.io.sockets.sockets.size).toBe(0);
});

test("the options are not changed, and servers may share them", async () => {
  const shared = options(true);
  const first = await listen((io) => void guard(io, fit), shared);
  const given = shared.connectionStateRecovery;
  const second = await listen(undefined, shared);
  guard(second.io, fit);
  const skips = ({ io }: Running) =>
    (io as unknown as { opts: ReturnType<typeof options> }).opts.connectionStateRecovery.skipMiddlewares;
  expect([skips(first), skips(second)]).toEqual([false, false]);
  expect([given.skipMiddlewares, shared.connectionStateRecovery.skipMiddlewares]).toEqual([true, true]);
});
