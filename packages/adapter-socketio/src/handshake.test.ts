import { AllowAny, DenyAll, definePolicy, IsAuthenticated, PermissionDenied, permission } from "@portcullis/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  clientOf,
  deferred,
  listen,
  open,
  poll,
  Raw,
  refusalOf,
  simplePolicy,
  sleep,
  stopAll,
  uncaughtOf,
  until,
} from "../test/support.js";
import { guard } from "./guard.js";

afterEach(stopAll);

const all = definePolicy({ permissions: AllowAny });
const closed = definePolicy({ connect: DenyAll, permissions: AllowAny });
const TRANSPORTS = ["polling", "websocket"] as const;

/** The number of clients with a pending decision. */
const comingIn = (namespace: object) =>
  (namespace as { _preConnectSockets: ReadonlyMap<string, unknown> })._preConnectSockets.size;

describe.each(TRANSPORTS)("with %s", (transport) => {
  const transports = [transport];

  test("a refusal is a `connect_error` with code, status and reason", async () => {
    const authenticate = () => {
      throw new PermissionDenied("token_expired", { reason: "Sign in again.", retryAfter: 5 });
    };
    const server = await listen((io) => guard(io, all, { authenticate }));
    const error = await refusalOf(server, "/", { transports });
    expect([error.message, error.data]).toEqual([
      "Sign in again.",
      { code: "token_expired", status: 401, reason: "Sign in again.", retry: "after-auth", retryAfter: 5 },
    ]);
  });

  test("a foreign page is refused before anything of the application is asked", async () => {
    const asked = vi.fn();
    const server = await listen((io) => {
      io.use((_socket, next) => {
        asked();
        next();
      });
      guard(io, all, { authenticate: asked });
    });
    const extraHeaders = { origin: "https://evil.example" };
    expect((await refusalOf(server, "/", { transports, extraHeaders })).data?.code).toBe("origin_not_allowed");
    expect(asked).not.toHaveBeenCalled();
    const own = { origin: `http://127.0.0.1:${server.port}` };
    expect((await open(server, "/", { transports, extraHeaders: own })).connected).toBe(true);
  });

  test("a page in `cors.origin` is admitted, unless `origins` is set", async () => {
    const extraHeaders = { origin: "https://app.example", cookie: "session=1" };
    const cors = { origin: [/^https:\/\/app\./] };
    const server = await listen((io) => guard(io, all), { cors });
    expect((await open(server, "/", { transports, extraHeaders })).connected).toBe(true);
    const strict = await listen((io) => guard(io, all, { origins: ["https://other.example"] }), { cors });
    expect((await refusalOf(strict, "/", { transports, extraHeaders })).data?.code).toBe("origin_not_allowed");
  });

  test("an undecided client is cut off, even by a hanging middleware", async () => {
    for (const isHanging of [true, false]) {
      const server = await listen((io) => {
        if (isHanging) io.use(() => {});
        guard(io, all, { limits: { handshake: 60 }, authenticate: () => new Promise(() => {}) });
      });
      const client = clientOf(server, "/", { transports });
      await new Promise((resolve) => client.once("disconnect", resolve));
      await until(() => server.io.engine.clientsCount === 0);
      expect(comingIn(server.io.sockets)).toBe(0);
    }
  });

  test("a client that is refused and stays is cut off soon", async () => {
    const server = await listen((io) => guard(io, closed));
    const client = clientOf(server, "/", { transports });
    client.io._destroy = () => {};
    await new Promise((resolve) => client.once("connect_error", resolve));
    expect(server.io.engine.clientsCount).toBe(1);
    await until(() => server.io.engine.clientsCount === 0);
  });

  test("a client refused in a second namespace stays in the first", async () => {
    const server = await listen((io) => {
      guard(io, all);
      guard(io.of("/admin"), closed);
    });
    const client = await open(server, "/", { transports });
    const admin = client.io.socket("/admin");
    await new Promise((resolve) => admin.connect().once("connect_error", resolve));
    await sleep(1200);
    expect(client.connected).toBe(true);
  });
});

test("a refused client that does not fetch is cut off", async () => {
  const server = await listen((io) => guard(io, closed, { limits: { handshake: 2500 } }));
  const polling = await poll(server);
  await polling("40");
  await sleep(1300);
  expect(server.io.engine.clientsCount).toBe(1);
  await until(() => server.io.engine.clientsCount === 0);
}, 10_000);

describe("before it names a namespace", () => {
  test("a silent client has the handshake time on both transports", async () => {
    const server = await listen((io) => guard(io, all, { limits: { handshake: 80 } }));
    const raw = new Raw(server);
    await raw.send();
    await poll(server);
    expect(server.io.engine.clientsCount).toBe(2);
    await until(() => server.io.engine.clientsCount === 0);
    await until(() => raw.isClosed);
  });

  test("requests for refused namespaces do not extend its time", async () => {
    const server = await listen((io) => guard(io, closed, { limits: { handshake: 200 } }));
    const raw = new Raw(server);
    const startedAt = Date.now();
    await raw.send("40");
    while (!raw.isClosed && Date.now() - startedAt < 3000) {
      await sleep(20);
      if (!raw.isClosed) raw.socket.send("40");
    }
    expect(raw.received.length).toBeGreaterThan(2);
    expect(Date.now() - startedAt).toBeLessThan(1500);
  });

  test("bytes are counted", async () => {
    const server = await listen((io) => guard(io, all, { limits: { pendingBytes: 5000 } }));
    const raw = new Raw(server);
    await raw.send('451-["x",{"_placeholder":true,"num":0}]', Buffer.alloc(6000));
    await until(() => raw.isClosed);
    const fine = new Raw(server);
    await fine.send(`40{"token":"${"x".repeat(4000)}"}`);
    await fine.packet("40");
    await fine.send(`421["x","${"x".repeat(6000)}"]`);
    await sleep(30);
    expect(fine.isClosed).toBe(false);
  });

  test("an empty engine.io message ends the connection only", async () => {
    await uncaughtOf(async (thrown) => {
      const server = await listen((io) => guard(io, all));
      const raw = new Raw(server);
      await raw.send("4");
      await until(() => raw.isClosed || thrown.length > 0);
      expect([thrown, raw.isClosed]).toEqual([[], true]);
    });
  });

  test("it may ask for so many namespaces at once, and no more", async () => {
    const asked = vi.fn(() => new Promise<boolean>(() => {}));
    const server = await listen((io) => {
      io.of(/./);
      guard(io, definePolicy({ connect: permission("slow", { connect: asked }), permissions: AllowAny }), {
        limits: { namespaces: 3 },
        onDecision: () => {},
      });
    });
    const raw = new Raw(server);
    await raw.send("40/a,", "40/b,", "40/c,");
    await until(() => asked.mock.calls.length === 3);
    raw.socket.send("40/d,");
    await until(() => raw.isClosed);
    expect(asked).toHaveBeenCalledTimes(3);
  });

  test("two requests get one answer; socket.io alone opens two sockets", async () => {
    for (const [isGuarded, count] of [
      [false, 2],
      [true, 1],
    ] as const) {
      const opened = vi.fn();
      const server = await listen((io) => {
        if (isGuarded) guard(io, all);
        io.use((_socket, next) => void sleep(20).then(() => next()));
        io.on("connection", opened);
      });
      const raw = new Raw(server);
      await raw.send("40", "40");
      await sleep(60);
      expect([opened.mock.calls.length, raw.isClosed]).toEqual([count, false]);
    }
  });

  test("early events end the connection as without a guard", async () => {
    const handled = vi.fn();
    const { promise } = deferred<object>();
    const server = await listen((io) => {
      guard(io, all, { authenticate: () => promise });
      io.on("connection", (socket) => socket.onAny(handled));
    });
    for (const packets of [['42["ping"]'], ["40", '42["ping"]']]) {
      const raw = new Raw(server);
      await raw.send(...packets);
      await until(() => raw.isClosed);
    }
    expect(handled).not.toHaveBeenCalled();
  });
});

describe("the application's own", () => {
  test("middlewares run first, so that `authenticate` may read what they found", async () => {
    const policy = definePolicy({ connect: IsAuthenticated, permissions: AllowAny });
    const server = await listen((io) => {
      guard(io, policy, { authenticate: ({ data }) => ({ user: data.user ?? null }) });
      io.of("/later").use((socket, next) => {
        socket.data.user = { id: 1 };
        next();
      });
    });
    expect((await open(server, "/later")).connected).toBe(true);
    expect((await refusalOf(server)).data?.code).toBe("not_authenticated");
  });

  test("middlewares may refuse: then no rule is asked", async () => {
    const asked = vi.fn();
    const server = await listen((io) => {
      guard(io, all, { authenticate: asked });
      io.use((_socket, next) => next(Object.assign(new Error("own"), { data: { own: true } })));
    });
    expect(await refusalOf(server)).toMatchObject({ message: "own", data: { own: true } });
    expect(asked).not.toHaveBeenCalled();
  });

  test("a throwing middleware refuses; socket.io alone leaves it unhandled", async () => {
    for (const isGuarded of [false, true]) {
      await uncaughtOf(async (thrown) => {
        const asked = vi.fn();
        const server = await listen((io) => {
          if (isGuarded) guard(io, all, { authenticate: asked, onDecision: () => {} });
          io.use(({ handshake }) => handshake.auth.token.toLowerCase());
        });
        const raw = new Raw(server);
        await raw.send("40");
        await until(() => thrown.length > 0 || raw.received.some((packet) => packet.startsWith("44")));
        expect([thrown.length, raw.received.slice(1)]).toEqual(
          isGuarded ? [0, [expect.stringContaining('"code":"permission_error","status":500')]] : [1, []],
        );
        expect(asked).not.toHaveBeenCalled();
      });
    }
  });
});

test("consumer.close() in a rule about connecting refuses, whatever the rule answers", async () => {
  for (const answer of [true, Promise.resolve(true)]) {
    const connect = permission("ban", {
      connect: ({ consumer }) => {
        consumer.close();
        return answer;
      },
    });
    const server = await listen((io) =>
      guard(io, definePolicy({ connect, permissions: AllowAny }), { onDecision: () => {} }),
    );
    expect((await refusalOf(server)).data?.code).toBe("aborted");
  }
});

test("consumer.close() before the socket opens takes precedence", async () => {
  const opened = vi.fn();
  const connect = permission("ban", {
    connect: ({ consumer }) => {
      process.nextTick(() => consumer.close());
      return true;
    },
  });
  const server = await listen((io) => {
    guard(io, definePolicy({ connect, permissions: AllowAny }));
    io.on("connection", opened);
  });
  expect((await refusalOf(server)).data?.code).toBe("aborted");
  expect(opened).not.toHaveBeenCalled();
});

test("clients connected or connecting before the guard are disconnected", async () => {
  const { promise, resolve } = deferred<void>();
  const handled = vi.fn();
  const server = await listen((io) => {
    io.of("/slow").use(async (_socket, next) => {
      await promise;
      next();
    });
    for (const name of ["/", "/slow"]) io.of(name).on("connection", (socket) => socket.onAny(handled));
  });
  const client = await open(server);
  const coming = refusalOf(server, "/slow");
  await until(() => comingIn(server.io.of("/slow")) === 1);
  const ended = new Promise((settle) => client.once("disconnect", settle));
  client.emit("ping");
  guard(server.io, simplePolicy(), { onDecision: () => {} });
  resolve();
  expect(await ended).toBe("io server disconnect");
  expect((await coming).data?.code).toBe("permission_error");
  expect(handled).not.toHaveBeenCalled();
  expect((await open(server)).connected).toBe(true);
});

test("a server that listens later has the same timeouts", async () => {
  const server = await listen();
  const port = server.port + 0;
  const { Server } = await import("socket.io");
  const io = new Server();
  guard(io, all, { limits: { handshake: 60 } });
  io.attach(server.io.httpServer, { path: "/other" });
  const response = await fetch(`http://127.0.0.1:${port}/other/?EIO=4&transport=polling`);
  expect(response.status).toBe(200);
  await until(() => io.engine.clientsCount === 0);
});
