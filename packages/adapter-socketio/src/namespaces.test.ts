import { AllowAny, DenyAll, definePolicy, IsAuthenticated, permission } from "@portcullis/core";
import type { Server } from "socket.io";
import { afterEach, describe, expect, test, vi } from "vitest";
import { clientOf, listen, open, Raw, refusalOf, simplePolicy, sleep, stopAll, until } from "../test/support.js";
import { guard } from "./guard.js";

afterEach(stopAll);

const closed = definePolicy({ connect: DenyAll, permissions: AllowAny });
const open_ = definePolicy({ permissions: AllowAny });
const only = (name: string) => definePolicy({ actions: { [name]: AllowAny } });

/** The values of the next such event of a client. */
const once = (client: ReturnType<typeof clientOf>, event: string): Promise<unknown[]> =>
  new Promise((resolve) => client.once(event, (...values: unknown[]) => resolve(values)));

/** Namespaces of all kinds, with a name of each. */
function makeNamespaces(io: Server): void {
  io.of("/present");
  io.of(/^\/pattern-\d$/);
  io.of((name, _auth, next) => next(null, name === "/function"));
}
const NAMES = ["/", "/present", "/pattern-1", "/pattern-2", "/function", "/later", "/later-pattern"];
function makeMore(io: Server): void {
  io.of("/later");
  io.of(/^\/later-pattern$/);
}

describe("rows 6 and 7d: all namespaces", () => {
  test("socket.io alone: a middleware of the server guards one", async () => {
    const server = await listen((io) => {
      makeNamespaces(io);
      io.use((_socket, next) => next(new Error("denied")));
      makeMore(io);
    });
    expect((await refusalOf(server)).message).toBe("denied");
    for (const name of NAMES.slice(1)) expect((await open(server, name)).connected).toBe(true);
  });

  test("guarded: existing, later and dynamic namespaces", async () => {
    const seen = vi.fn();
    const server = await listen((io) => {
      makeNamespaces(io);
      guard(io, closed);
      makeMore(io);
      io.on("new_namespace", (namespace) => namespace.on("connection", seen));
    });
    for (const name of NAMES) expect((await refusalOf(server, name)).data?.code).toBe("permission_denied");
    expect(seen).not.toHaveBeenCalled();
  });

  test("guarded: also what comes after somebody has removed all listeners", async () => {
    const server = await listen((io) => {
      io.of(/^\/pattern-\d$/);
      guard(io, closed);
      io.removeAllListeners();
      io.of("/later");
    });
    for (const name of ["/later", "/pattern-1"]) {
      expect((await refusalOf(server, name)).data?.code).toBe("permission_denied");
    }
  });

  test("each is guarded once", async () => {
    const asked: string[] = [];
    const counting = permission("counting", {
      connect: ({ scope }) => asked.push(`connect ${scope.path}`) > 0,
      action: ({ scope, action }) => asked.push(`${action} ${scope.path}`) > 0,
    });
    const server = await listen((io) => {
      makeNamespaces(io);
      guard(io, definePolicy({ permissions: counting }));
      makeMore(io);
      for (const name of ["/pattern-1", "/pattern-1", "/later"]) io.of(name);
    });
    for (const name of NAMES) {
      const client = await open(server, name);
      client.emit("hello");
      await until(() => asked.length === 2);
      expect(asked.splice(0)).toEqual([`connect ${name}`, `hello ${name}`]);
    }
  });

  test("an unknown name is refused by socket.io before any rule", async () => {
    const asked = vi.fn(() => true);
    const server = await listen((io) => guard(io, definePolicy({ permissions: permission("asked", asked) })));
    expect((await refusalOf(server, "/nowhere")).message).toBe("Invalid namespace");
    expect(asked).not.toHaveBeenCalled();
  });
});

describe("one of its own", () => {
  const admin = definePolicy({ connect: IsAuthenticated, permissions: AllowAny });
  const options = { authenticate: () => ({ user: null }) };

  test.each(["before", "after"])("composes with the server's, guarded %s it", async (when) => {
    const server = await listen((io) => {
      if (when === "after") guard(io, open_);
      guard(io.of("/admin"), admin, options);
      guard(io.of(/^\/room-/), only("say"));
      if (when === "before") guard(io, open_);
    });
    expect((await refusalOf(server, "/admin")).data?.code).toBe("not_authenticated");
    expect((await open(server)).connected).toBe(true);
    const room = await open(server, "/room-1");
    expect(await room.emitWithAck("shout")).toMatchObject({ error: { code: "unknown_action" } });
  });

  test("a child may have its own before that of its parent", async () => {
    const server = await listen((io) => {
      const parent = io.of(/^\/room-/);
      guard(parent, only("say"));
      guard(io.of("/room-1"), closed);
    });
    expect((await refusalOf(server, "/room-1")).data?.code).toBe("permission_denied");
    expect((await open(server, "/room-2")).connected).toBe(true);
  });

  test("survives the cleanup of the namespace by socket.io", async () => {
    const server = await listen(
      (io) => {
        guard(io.of(/^\/room-/), open_);
        guard(io.of("/room-1"), closed);
      },
      { cleanupEmptyChildNamespaces: true },
    );
    for (let time = 0; time < 2; time++) {
      expect((await refusalOf(server, "/room-1")).data?.code).toBe("permission_denied");
      expect(server.io._nsps.has("/room-1")).toBe(false);
    }
  });

  test("leaves all others as they are", async () => {
    const heard = vi.fn();
    const server = await listen((io) => {
      guard(io.of("/admin"), closed);
      io.on("connection", (socket) => socket.on("anything", heard));
    });
    const client = await open(server);
    client.emit("anything", 1);
    await until(() => heard.mock.calls.length === 1);
    expect((await refusalOf(server, "/admin")).data?.code).toBe("permission_denied");
  });

  test("stays open while one client is refused and another is pending", async () => {
    const answers: ((answer: boolean) => void)[] = [];
    const asking = permission("asking", {
      connect: () => new Promise<boolean>((resolve) => answers.push(resolve)),
      action: () => false,
    });
    const server = await listen((io) => guard(io.of(/^\/room-/), definePolicy({ permissions: asking })), {
      cleanupEmptyChildNamespaces: true,
    });
    const [first, second] = [clientOf(server, "/room-1"), clientOf(server, "/room-1")];
    await until(() => answers.length === 2);
    const refused = Promise.race([first, second].map((client) => once(client, "connect_error")));
    const entering = Promise.race([first, second].map((client) => once(client, "connect").then(() => client)));
    answers[0]?.(false);
    await refused;
    expect(server.io._nsps.has("/room-1")).toBe(true);
    answers[1]?.(true);
    const entered = await entering;
    const heard = once(entered, "news");
    server.io.of("/room-1").emit("news", 1);
    expect(await heard).toEqual([1]);
    expect(await entered.emitWithAck("say")).toMatchObject({ error: { code: "permission_denied" } });
    entered.disconnect();
    await until(() => !server.io._nsps.has("/room-1"), "the empty namespace is gone");
  });

  test("is gone once its last pending client was refused", async () => {
    const answers: ((answer: boolean) => void)[] = [];
    const asking = permission("asking", { connect: () => new Promise<boolean>((resolve) => answers.push(resolve)) });
    const server = await listen(
      (io) => guard(io.of(/^\/room-/), definePolicy({ connect: asking, permissions: AllowAny })),
      { cleanupEmptyChildNamespaces: true },
    );
    const refused = [refusalOf(server, "/room-1"), refusalOf(server, "/room-1")];
    await until(() => answers.length === 2);
    for (const answer of answers) answer(false);
    await Promise.all(refused);
    await until(() => !server.io._nsps.has("/room-1"), "the empty namespace is gone");
  });

  test("is gone where its only client was refused without a socket", async () => {
    const server = await listen((io) => guard(io.of(/^\/room-/), open_, { limits: { pendingBytes: 1000 } }), {
      cleanupEmptyChildNamespaces: true,
    });
    server.io.of("/");
    const raw = new Raw(server);
    await raw.send("40/room-1,");
    await raw.packet("40/room-1");
    await raw.send(`40/room-2,{"token":"${"x".repeat(2000)}"}`);
    await raw.packet("44/room-2");
    await until(() => !server.io._nsps.has("/room-2"), "the empty namespace is gone");
    expect(server.io._nsps.has("/room-1")).toBe(true);
  });
});

describe("namespaces of clients that go away before they are let in", () => {
  test.each([
    [
      "while it is looked for",
      (io: Server) => io.of((_name, _auth, next) => void sleep(30).then(() => next(null, true))),
    ],
    ["that ask for too many at once", (io: Server) => io.of(/^\/room-/)],
  ])("%s are cleaned up, as they are without a guard", async (_when, make) => {
    const server = await listen(
      (io) => {
        make(io);
        const slow = permission("slow", { connect: () => sleep(5).then(() => true) });
        guard(io, definePolicy({ connect: slow, permissions: AllowAny }), { limits: { namespaces: 2 } });
      },
      { cleanupEmptyChildNamespaces: true },
    );
    const raw = new Raw(server);
    await raw.send("40/room-1,", "40/room-2,", "40/room-3,", "40/room-4,");
    await sleep(10);
    raw.socket.terminate();
    await sleep(60);
    expect([...server.io._nsps.keys()]).toEqual(["/"]);
  });
});

describe("audit()", () => {
  test("lists what has no guard", async () => {
    const { io } = await listen();
    const guarded = guard(io.of("/admin"), closed);
    io.of("/open");
    io.of(/^\/pattern/);
    expect(guarded.audit()).toEqual([
      'the namespace "/" is not guarded',
      'the namespace "/open" is not guarded',
      "namespaces that io.of() makes for a pattern or a function are not guarded",
    ]);
    guard(io, closed);
    expect(guarded.audit()).toEqual([]);
  });

  test("lists what somebody has put in place of the guard", async () => {
    const server = await listen();
    const guarded = guard(server.io, simplePolicy());
    await open(server);
    await until(() => guarded.sessions.size === 1);
    for (const socket of server.io.sockets.sockets.values()) Object.assign(socket, { onevent: () => {} });
    Object.assign(server.io.sockets, { run: () => {} });
    expect(guarded.audit()).toEqual([
      'methods of the namespace "/" were replaced: it may not be guarded any more',
      '`onevent` was replaced on open sockets of "/": 1',
    ]);
  });
});
