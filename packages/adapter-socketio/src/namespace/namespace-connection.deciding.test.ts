import type { DecisionEvent } from "@portcullis/core";
import { AllowAny, definePolicy, PermissionMisuse, permission } from "@portcullis/core";
import type { Namespace, Server } from "socket.io";
import { afterEach, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { deferred, gatedRule, listen, open, Raw, refusalOf, stopAll, until } from "../../test/support.js";
import { guard } from "../guard.js";

afterEach(stopAll);

const all = definePolicy({ permissions: AllowAny });
const FAULT = { code: "permission_error", status: 500, reason: expect.any(String), retry: "never" };

/** The number of clients that are neither admitted nor refused. */
const comingIn = (namespace: object) =>
  (namespace as { _preConnectSockets: ReadonlyMap<string, unknown> })._preConnectSockets.size;

/** The calls of `onDecision`, reduced to the fields that are the same in every run. */
function heardBy(onDecision: ReturnType<typeof vi.fn>) {
  const events = onDecision.mock.calls.map(([event]) => event as DecisionEvent);
  return events.map(({ phase, action, decision, scope, consumer, session }) => ({
    phase,
    action,
    by: decision.by,
    error: decision.error,
    path: scope.path,
    user: scope.user,
    transport: consumer.transport,
    session,
  }));
}
const ABOUT_CONNECT = { phase: "connect", action: "connect", by: "guard", user: null, transport: "socket.io" };

describe("a middleware that calls back again", () => {
  test.each(["at once", "later"])("opens and evaluates once when it is decided %s", async (when) => {
    const who = deferred<object>();
    const [asked, opened] = [vi.fn(() => (when === "later" ? who.promise : {})), vi.fn()];
    const server = await listen((io) => {
      io.use((_socket, next) => {
        next();
        next();
      });
      guard(io, all, { authenticate: asked });
      io.on("connection", opened);
    });
    const coming = open(server);
    await until(() => asked.mock.calls.length > 0);
    who.resolve({});
    await coming;
    expect([asked.mock.calls.length, opened.mock.calls.length]).toEqual([1, 1]);
  });

  test("after it has refused asks nobody", async () => {
    const asked = vi.fn();
    const server = await listen((io) => {
      io.use((_socket, next) => {
        next(new Error("refused"));
        next();
      });
      guard(io, all, { authenticate: asked });
    });
    expect((await refusalOf(server)).message).toBe("refused");
    expect(asked).not.toHaveBeenCalled();
  });
});

test("a middleware that refuses late ends the evaluation", async () => {
  const [onDecision, opened] = [vi.fn(), vi.fn()];
  const signals: AbortSignal[] = [];
  const server = await listen((io) => {
    io.use((_socket, next) => {
      next();
      next(new Error("refused"));
    });
    guard(io, all, {
      onDecision,
      authenticate: (_socket, { signal }) => {
        signals.push(signal);
        return new Promise(() => {});
      },
    });
    io.on("connection", opened);
  });
  expect((await refusalOf(server)).message).toBe("refused");
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  expect(onDecision.mock.calls).toMatchObject([[{ phase: "connect", decision: { code: "aborted" } }]]);
  expect(opened).not.toHaveBeenCalled();
});

describe("a client that is gone before it is decided", () => {
  test("runs no middleware if its requests got it cut off", async () => {
    const met: string[] = [];
    const { rule } = gatedRule();
    const server = await listen((io) => {
      guard(io, definePolicy({ connect: rule, permissions: AllowAny }), { limits: { namespaces: 1 } });
      for (const name of ["/a", "/b"]) {
        io.of(name).use((_socket, next) => {
          met.push(name);
          next();
        });
      }
    });
    const raw = new Raw(server);
    await raw.send("40/a,", "40/b,");
    await until(() => raw.isClosed && comingIn(server.io.of("/a")) + comingIn(server.io.of("/b")) === 0);
    expect(met).toEqual([]);
  });

  test("has its namespace cleaned up once", async () => {
    const { rule, asked } = gatedRule();
    const closed = vi.fn();
    const server = await listen(
      (io) => {
        guard(io.of(/^\/room-/), definePolicy({ connect: rule, permissions: AllowAny }));
        io.once("new_namespace", ({ adapter }: Namespace) => {
          adapter.close = closed;
        });
      },
      { cleanupEmptyChildNamespaces: true },
    );
    const raw = new Raw(server);
    await raw.send("40/room-1,");
    await until(() => asked.length === 1);
    raw.socket.terminate();
    await until(() => !server.io._nsps.has("/room-1"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toHaveBeenCalledTimes(1);
  });
});

describe("a socket that cannot be guarded is refused with a reason", () => {
  test("if it lacks a needed method, as in another copy", async () => {
    const [onDecision, asked, opened] = [vi.fn(), vi.fn(), vi.fn()];
    const server = await listen((io) => {
      guard(io, all, { onDecision, authenticate: asked });
      const namespace = io.sockets as unknown as { _createSocket(...given: unknown[]): Promise<object> };
      const create = namespace._createSocket.bind(io.sockets);
      namespace._createSocket = async (...given) => Object.assign(await create(...given), { onevent: undefined });
      io.on("connection", opened);
    });
    expect((await refusalOf(server)).data).toEqual(FAULT);
    const error = new PermissionMisuse("this socket has no `onevent`: use one copy of socket.io");
    expect(heardBy(onDecision)).toEqual([{ ...ABOUT_CONNECT, path: "/", error, session: undefined }]);
    expect([asked.mock.calls, opened.mock.calls]).toEqual([[], []]);
  });

  test("where it was coming in while the server was guarded", async () => {
    const [onDecision, opened] = [vi.fn(), vi.fn()];
    const passing = deferred<void>();
    const server = await listen((io) => {
      io.of("/slow").use((_socket, next) => void passing.promise.then(() => next()));
      io.of("/slow").on("connection", opened);
    });
    const coming = refusalOf(server, "/slow");
    await until(() => comingIn(server.io.of("/slow")) === 1);
    guard(server.io, all, { onDecision });
    passing.resolve();
    expect((await coming).data).toEqual(FAULT);
    const error = new PermissionMisuse("nobody was asked about this connection");
    expect(heardBy(onDecision)).toEqual([{ ...ABOUT_CONNECT, path: "/slow", error, session: undefined }]);
    expect([opened.mock.calls, comingIn(server.io.of("/slow"))]).toEqual([[], 0]);
  });
});

describe("consumer.close() just before a connection is open", () => {
  const ABORTED = { code: "aborted", status: 499, reason: expect.any(String), retry: expect.any(String) };

  /** Closes after `done` was called, and before socket.io opens the socket. */
  const closing = permission("closing", {
    connect: ({ consumer }) => {
      process.nextTick(() => consumer.close());
      return true;
    },
  });
  const prepare = (io: Server) => void guard(io, definePolicy({ connect: closing, permissions: AllowAny }));

  test.each([
    [3, ABORTED],
    [4, { message: expect.any(String), data: ABORTED }],
  ])("is told as a client of revision %i of the protocol reads it", async (revision, body) => {
    const { port } = await listen(prepare, { allowEIO3: true });
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=${revision}&transport=websocket`);
    const refused = new Promise<string>((resolve) => {
      socket.on("message", (data) => String(data).startsWith("44") && resolve(String(data)));
    });
    if (revision === 4) socket.on("open", () => socket.send("40"));
    expect(JSON.parse((await refused).slice(2))).toEqual(body);
    socket.terminate();
  });
});
