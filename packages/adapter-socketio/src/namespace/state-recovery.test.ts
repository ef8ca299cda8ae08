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

/** A client that has been there, and was cut off; what was sent meanwhile waits for it. */
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

/** Comes back: what it hears, and whether it was let in. */
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

test("a namespace that is not guarded resumes its connections as without a guard of another", async () => {
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
  test("socket.io alone: who was banned meanwhile gets what was said in the rooms", async () => {
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

  test("guarded: who was banned meanwhile is refused, gets nothing, and is in no room for a moment", async () => {
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

  test("guarded: who may come back is in the rooms, has its data, gets what it missed, and is guarded", async () => {
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

  test("guarded: what is sent while it is being decided is not lost", async () => {
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

  test("the application's own middlewares run, and see a new connection: nobody knows yet whose it is", async () => {
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

  test.each(["nothing", "an error"])(
    "that gives a session once, and then %s, resumes it all the same",
    async (then) => {
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
    },
  );

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

  test("that never answers: the client is cut off in time, and nothing is kept", async () => {
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

test("if somebody asks socket.io to skip again, who is resumed is refused rather than unguarded", async () => {
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

test("the options of a server are not changed, and several may share them", async () => {
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
