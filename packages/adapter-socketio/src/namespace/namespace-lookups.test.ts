import { AllowAny, DenyAll, definePolicy } from "@portcullis/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { clientOf, listen, open, Raw, refusalOf, sleep, stopAll, uncaughtOf, until } from "../../test/support.js";
import { guard } from "../guard.js";

beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => undefined));
afterEach(async () => {
  vi.restoreAllMocks();
  await stopAll();
});

const all = definePolicy({ permissions: AllowAny });
const closed = definePolicy({ connect: DenyAll, permissions: AllowAny });
/** Answers whether a function of `io.of()` accepts a client. */
type Next = (error: null, isAccepted: boolean) => void;
const answersOf = (raw: Raw, start: string) => raw.received.filter((packet) => packet.startsWith(start)).length;

test.each([
  ["many names at once", (n: number) => `40/n${n},`, 4],
  ["one name again", () => "40/n,", 3],
])("a function is asked for %s within limits, then the client is cut", async (_what, packet, most) => {
  const asked = vi.fn();
  const server = await listen((io) => {
    io.of(asked as never);
    guard(io.of("/admin"), all, { limits: { namespaces: 4, undecodable: 2 } });
  });
  const raw = new Raw(server);
  await raw.send(...Array.from({ length: 50 }, (_, n) => packet(n)));
  await until(() => raw.isClosed);
  expect(asked).toHaveBeenCalledTimes(most);
});

test("a failing function refuses before any later function", async () => {
  await uncaughtOf(async (thrown) => {
    const later = vi.fn((_name: string, _auth: object, next: Next) => next(null, true));
    const asked: string[] = [];
    const server = await listen((io) => {
      io.of((async (name: string, _auth: object, next: Next) => {
        asked.push(name);
        if (name === "/rejects") throw new Error("of the application");
        if (name !== "/hangs") next(null, false);
      }) as never);
      io.of(((name: string, _auth: object, next: Next) => {
        if (name === "/throws") throw new Error("of the application");
        next(null, false);
      }) as never);
      io.of(later as never);
      guard(io.of("/admin"), all);
    });
    for (const name of ["/rejects", "/throws"]) {
      expect((await refusalOf(server, name)).message).toBe("Invalid namespace");
    }
    const hanging = clientOf(server, "/hangs");
    await until(() => asked.includes("/hangs"));
    await sleep(30);
    expect([thrown, later.mock.calls, hanging.connected]).toEqual([[], [], false]);
    expect((await open(server, "/accepted")).connected).toBe(true);
    expect(later.mock.calls.map(([name]) => name)).toEqual(["/accepted"]);
  });
});

test("a throwing middleware without a guard refuses without a crash", async () => {
  await uncaughtOf(async (thrown) => {
    const server = await listen((io) => {
      io.use(({ handshake }) => handshake.auth.token.toLowerCase());
      guard(io.of("/admin"), all);
    });
    expect((await refusalOf(server)).data).toMatchObject({ code: "permission_error" });
    expect(thrown).toEqual([]);
  });
});

test("a CONNECT without `auth` that a parser lets through is refused", async () => {
  await uncaughtOf(async (thrown) => {
    const server = await listen((io) => {
      guard(io.of("/admin"), all);
      const namespace = io.sockets as unknown as { _add(...given: unknown[]): Promise<void> };
      const add = namespace._add;
      namespace._add = (client, _auth, whenOpen) => add.call(namespace, client, null, whenOpen);
    });
    expect((await refusalOf(server)).data).toMatchObject({ code: "bad_message", status: 400 });
    expect(thrown).toEqual([]);
  });
});

test.each([
  ["its middleware is slow and another namespace refuses", {}, 1500, true],
  ["its middleware is slower than a handshake elsewhere", { handshake: 100 }, 300, false],
])("a client whom nobody guards is let in where %s", async (_what, limits, delay, isRefused) => {
  const server = await listen((io) => {
    io.use((_socket, next) => void sleep(delay).then(() => next()));
    guard(io.of("/admin"), closed, { limits });
  });
  const raw = new Raw(server);
  await raw.send("40", ...(isRefused ? ["40/admin,"] : []));
  await raw.packet("40");
  expect([raw.isClosed, server.io.sockets.sockets.size]).toEqual([false, 1]);
});

test("a client inside waits for a namespace without a guard", async () => {
  const server = await listen((io) => {
    guard(
      io.of((_name: string, _auth: unknown, next: Next) => next(null, false)),
      closed,
      { limits: { handshake: 100 } },
    );
    const parent = io.of((_name: string, _auth: unknown, next: Next) => next(null, true));
    parent.use((_socket, next) => void sleep(300).then(() => next()));
  });
  const raw = new Raw(server);
  await raw.send("40");
  await raw.packet("40{");
  await raw.send("40/a,");
  await raw.packet("40/a,");
  expect(raw.isClosed).toBe(false);
});

test("a function is not asked about a client that has left", async () => {
  const asked = vi.fn((_name: string, _auth: unknown, next: Next) => next(null, true));
  const server = await listen((io) => {
    guard(io.of(asked), all);
    // Not made by a parent, so that only the functions know the guard of a client.
    io.of("/a");
  });
  const stays = await open(server, "/a");
  const before = asked.mock.calls.length;
  server.io.engine.once(
    "connection",
    (connection: { on(event: "data", listener: () => void): void; close(): void }) => {
      // After socket.io, which has begun the handshake by then.
      queueMicrotask(() => connection.on("data", () => connection.close()));
    },
  );
  const leaves = new Raw(server);
  await leaves.send("40/a,");
  await until(() => leaves.isClosed);
  await sleep(20);
  expect([asked.mock.calls.length, stays.connected]).toEqual([before, true]);
});

test("a client whom a slow middleware refuses is cut off soon", async () => {
  const server = await listen((io) => {
    io.use((_socket, next) => void sleep(150).then(() => next(new Error("no"))));
    guard(io.of("/admin"), closed, { limits: { handshake: 50 } });
  });
  const raw = new Raw(server);
  await raw.send("40");
  await raw.packet("44");
  await until(() => raw.isClosed);
});

test("what a client gives as `auth` has a bound, pending and open", async () => {
  const authenticate = vi.fn(() => ({}));
  const server = await listen((io) => {
    io.of(/./);
    guard(io, all, { authenticate, limits: { pendingBytes: 10_000 } });
  });
  const raw = new Raw(server);
  const auth = JSON.stringify({ token: "x".repeat(4000) });
  await raw.send("40");
  await raw.packet("40");
  await raw.send(...["/a", "/b", "/c"].map((name) => `40${name},${auth}`));
  await until(() => answersOf(raw, "40/") + answersOf(raw, "44/") === 3);
  expect(await raw.packet("44")).toContain('"code":"payload_too_large","status":413');
  expect(authenticate).toHaveBeenCalledTimes(3);
  await raw.send("41/a,");
  await until(() => server.io.of("/a").sockets.size === 0);
  await raw.send(`40/c,${auth}`);
  await raw.packet("40/c");
  expect(raw.isClosed).toBe(false);
});

test("retries of one namespace keep others up to twice the limit", async () => {
  const authenticate = vi.fn(() => ({}));
  const server = await listen((io) => guard(io.of("/admin"), closed, { authenticate }));
  const raw = new Raw(server);
  await raw.send("40");
  await raw.packet("40");
  for (let n = 1; n <= 15; n++) {
    await raw.send("40/admin,");
    await until(() => answersOf(raw, "44/admin") === n);
  }
  expect([raw.isClosed, authenticate.mock.calls.length]).toEqual([false, 11]);
  expect(raw.received.at(-1)).toContain('"code":"rate_limited","status":429');
  expect(raw.received.at(-1)).toContain('"retryAfter":10');
  await raw.send(...Array.from({ length: 10 }, () => "40/admin,"));
  await until(() => raw.isClosed);
  expect((await open(server)).connected).toBe(true);
});
