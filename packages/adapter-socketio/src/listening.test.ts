import { AllowAny, DenyAll, definePolicy, permission } from "@portcullis/core";
import type { Socket } from "socket.io";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
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
  uncaughtOf,
  until,
} from "../test/support.js";
import { guard } from "./guard.js";

afterEach(stopAll);

describe("row 7c: what hears a denied event", () => {
  test("socket.io alone: any-listeners, before a middleware has denied it", async () => {
    const heard = vi.fn();
    const server = await listen((io) =>
      io.on("connection", (socket) => {
        socket.use((_event, next) => next(new Error("denied")));
        socket.onAny(heard);
      }),
    );
    (await open(server)).emit("secret", 1);
    await until(() => heard.mock.calls.length === 1);
    expect(heard).toHaveBeenCalledWith("secret", 1);
  });

  test("guarded: nothing, however one listens", async () => {
    const heard: unknown[] = [];
    const note = (who: string) => (event: unknown) => void heard.push(`${who} ${event}`);
    const server = await listen((io) => {
      io.use((socket, next) => {
        socket.prependAny(note("prependAny of a middleware"));
        next();
      });
      guard(io, simplePolicy());
      io.on("connection", (socket) => {
        socket.onAny(note("onAny"));
        socket.use(([event], next) => {
          note("use")(event);
          next();
        });
        for (const event of ["ping", "secret"]) socket.on(event, () => note("on")(event));
      });
    });
    const client = await open(server);
    await Promise.all(together(client, ["secret"], ["nowhere"]));
    client.emit("ping");
    await until(() => heard.includes("on ping"));
    expect(heard).toEqual(["prependAny of a middleware ping", "onAny ping", "use ping", "on ping"]);
  });
});

describe("row 2: order", () => {
  const waits = [30, 5];
  test("socket.io alone: an async check reorders events", async () => {
    const handled: number[] = [];
    const server = await listen((io) =>
      io.on("connection", (socket) => {
        socket.use(async ([, { wait }], next) => {
          await sleep(wait);
          next();
        });
        socket.on("slow", ({ wait }) => void handled.push(wait));
      }),
    );
    const client = await open(server);
    for (const wait of waits) client.emit("slow", { wait });
    await until(() => handled.length === 2);
    expect(handled).toEqual([5, 30]);
  });

  test("guarded: an async rule does not", async () => {
    const handled: number[] = [];
    const server = await listen((io) => {
      guard(io, simplePolicy());
      io.on("connection", (socket) => socket.on("slow", ({ wait }) => void handled.push(wait)));
    });
    const client = await open(server);
    for (const wait of waits) client.emit("slow", { wait });
    await until(() => handled.length === 2);
    expect(handled).toEqual(waits);
  });

  test.each(["sync", "async"])("a %s rule sees the effects of the previous handler", async (kind) => {
    let balance = 1;
    const afford = permission("afford", () => (kind === "sync" ? balance > 0 : Promise.resolve(balance > 0)));
    const server = await listen((io) => {
      guard(io, definePolicy({ actions: { spend: afford } }));
      io.on("connection", (socket) => socket.on("spend", (answer) => answer({ left: --balance })));
    });
    const client = await open(server);
    const [first, ...rest] = await Promise.all(together(client, ["spend"], ["spend"], ["spend"]));
    expect(first).toEqual({ left: 0 });
    for (const answer of rest) expect(answer).toMatchObject({ error: { code: "permission_denied" } });
    expect(balance).toBe(0);
  });
});

test("a middleware's own `onevent` runs behind the gate", async () => {
  const heard: unknown[] = [];
  const server = await listen((io) => {
    guard(io, simplePolicy());
    io.use((socket, next) => {
      const bare = socket as unknown as { onevent(packet: { data: unknown[] }): void };
      const { onevent } = bare;
      bare.onevent = function wildcard(packet) {
        heard.push(packet.data[0]);
        onevent.call(this, packet);
      };
      next();
    });
    io.on("connection", (socket) => socket.on("ping", (answer) => answer("pong")));
  });
  const client = await open(server);
  client.emit("secret");
  expect(await client.emitWithAck("ping")).toBe("pong");
  expect(heard).toEqual(["ping"]);
});

test("a sync rule delivers in the same tick, without microtasks", async () => {
  const log: string[] = [];
  const watched = permission("watched", () => {
    log.push("asked");
    queueMicrotask(() => log.push("microtask"));
    return true;
  });
  const server = await listen((io) => {
    guard(io, definePolicy({ permissions: watched }));
    io.on("connection", (socket) => {
      socket.onAny(() => log.push("any"));
      socket.on("say", () => log.push("handled"));
    });
  });
  const client = await open(server);
  client.emit("say");
  await until(() => log.length === 4);
  expect(log).toEqual(["asked", "any", "handled", "microtask"]);
});

describe("row 8: a late handler", () => {
  test("socket.io alone: an await in `connection` loses the first event", async () => {
    const handled = vi.fn();
    const server = await listen((io) => {
      io.use(async (_socket, next) => {
        await sleep(20);
        next();
      });
      io.on("connection", async (socket) => {
        socket.on("early", handled);
        await sleep(20);
        socket.on("late", handled);
      });
    });
    const client = await open(server);
    client.emit("early", "early").emit("late", "late");
    await sleep(60);
    expect(handled.mock.calls.flat()).toEqual(["early"]);
  });

  test("guarded: what takes time is done before the `connection` listener runs", async () => {
    const handled = vi.fn();
    const server = await listen((io) => {
      guard(io, definePolicy({ permissions: AllowAny }), { authenticate: () => sleep(20).then(() => ({})) });
      io.on("connection", (socket) => socket.on("early", handled));
    });
    (await open(server)).emit("early", "early");
    await until(() => handled.mock.calls.length === 1);
  });
});

describe("row 9: reserved names", () => {
  test("socket.io alone: a client reaches the listener of errors", async () => {
    const heard = vi.fn();
    const server = await listen((io) => io.on("connection", (socket) => socket.on("error", heard)));
    (await open(server)).emit("error", null);
    await until(() => heard.mock.calls.length === 1);
    expect(heard).toHaveBeenCalledWith(null);
  });

  test("guarded: they are no messages, whatever the rules say", async () => {
    const heard = vi.fn();
    const server = await listen((io) => {
      guard(io, definePolicy({ permissions: AllowAny }));
      io.on("connection", (socket) => socket.on("error", heard).onAny(heard));
    });
    const client = await open(server);
    expect(await client.emitWithAck("error", null)).toMatchObject({ error: { code: "bad_message", status: 400 } });
    expect(heard).not.toHaveBeenCalled();
    only(server.io)._onerror(new Error("socket.io's own"));
    expect(heard).toHaveBeenCalledTimes(1);
  });

  test("socket.io cuts off reserved events before any rule", async () => {
    const asked = vi.fn(() => true);
    const server = await listen((io) => guard(io, definePolicy({ actions: { x: permission("asked", asked) } })));
    for (const name of ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]) {
      const raw = new Raw(server);
      await raw.send("40");
      await raw.packet("40");
      await raw.send(`42["${name}"]`);
      await until(() => raw.isClosed);
    }
    expect(asked).not.toHaveBeenCalled();
  });
});

describe("row 7e: queued events", () => {
  test("is bounded, and the heartbeat goes on", async () => {
    const { rule, asked } = gatedRule();
    const server = await listen(
      (io) => guard(io, definePolicy({ actions: { held: rule } }), { limits: { pendingMessages: 3 } }),
      {
        pingInterval: 30,
        pingTimeout: 60,
      },
    );
    const client = await open(server);
    const answers = together(client, ...Array.from({ length: 6 }, () => ["held"] as const));
    await until(() => asked.length === 1);
    for (const late of answers.slice(4))
      expect(await late).toMatchObject({ error: { code: "too_many_pending", status: 429 } });
    await sleep(200);
    expect(client.connected).toBe(true);
  });

  test("a client that continues, or sends invalid events, is disconnected", async () => {
    const { rule } = gatedRule();
    const server = await listen((io) => {
      guard(io, definePolicy({ actions: { held: rule } }), { limits: { pendingMessages: 3, undecodable: 2 } });
    });
    // The client library reconnects after the first, since a burst may be an honest one.
    for (const [event, reason] of [
      ["held", "transport close"],
      ["error", "io server disconnect"],
    ] as const) {
      const client = await open(server);
      const ended = new Promise((resolve) => client.on("disconnect", resolve));
      together(client, ...Array.from({ length: 12 }, () => [event] as const));
      expect(await ended).toBe(reason);
    }
  });
});

describe("the answers to events of one packet", () => {
  /** Emits the events of one read, as the parser does. */
  const read = (socket: Socket, ...events: string[]) => {
    const parsed = socket as unknown as { onevent(packet: object): void };
    for (const event of events) parsed.onevent({ type: 2, nsp: "/", data: [event] });
  };

  test("are sent together after a refusal too, and later ones separately", async () => {
    const flushed: number[] = [];
    const server = await listen((io) => {
      guard(io, simplePolicy());
      io.on("connection", (socket) => socket.on("ping", () => socket.emit("pong")));
    });
    const client = await open(server);
    const heard: string[] = [];
    client.onAny((event) => heard.push(event));
    const socket = only(server.io);
    socket.conn.on("flush", (packets: unknown[]) => void flushed.push(packets.length));
    read(socket, "ping", "ping", "secret", "ping");
    await until(() => heard.length === 4);
    expect([heard, flushed]).toEqual([["pong", "pong", "permission_denied", "pong"], [4]]);
    read(socket, "ping");
    await until(() => heard.length === 5);
    expect(flushed).toEqual([4, 1]);
  });

  test("do not wait for a slow decision or the close", async () => {
    const server = await listen((io) => {
      const hangs = permission("hangs", () => new Promise<boolean>(() => {}));
      guard(io, definePolicy({ actions: { ping: AllowAny, hang: hangs } }));
      io.on("connection", (socket) => socket.on("ping", () => socket.emit("pong")));
    });
    const client = await open(server);
    const heard: string[] = [];
    client.onAny((event) => heard.push(event));
    const left = new Promise((resolve) => client.once("disconnect", resolve));
    read(only(server.io), "ping", "ping", "hang", "ping");
    await until(() => heard.length === 2);
    only(server.io).emit("news");
    await until(() => heard.length === 3);
    expect(heard).toEqual(["pong", "pong", "news"]);
    read(only(server.io), "ping", "ping");
    only(server.io).disconnect();
    expect(await left).toBe("io server disconnect");
  });

  test("are sent although a listener throws during a close", async () => {
    await uncaughtOf(async (thrown) => {
      let closing: Promise<void> | undefined;
      const server = await listen((io) => {
        guard(io.of("/other"), simplePolicy());
        const guarding = guard(io, simplePolicy());
        io.on("connection", (socket) => {
          socket.on("ping", () => {
            closing ??= guarding.close();
          });
          socket.on("disconnect", () => {
            throw new Error("the application fails");
          });
        });
      });
      const client = await open(server);
      const other = client.io.socket("/other");
      other.connect();
      const heard = new Promise((resolve) => other.once("news", resolve));
      await until(() => server.io.of("/other").sockets.size === 1);
      read(only(server.io), "ping", "ping");
      await until(() => thrown.length > 0);
      server.io.of("/other").emit("news", "still here");
      expect(await heard).toBe("still here");
      await closing;
      expect(thrown).toEqual([new Error("the application fails")]);
    });
  });
});

test("a client is cut off only if it fetches no refusals", async () => {
  const heard = vi.fn();
  const server = await listen((io) => {
    guard(io, simplePolicy(), { limits: { unread: 20_000, pendingMessages: 100 } });
    io.on("connection", (socket) => socket.on("disconnect", heard));
  });
  const client = await open(server);
  for (let time = 0; time < 3; time++) {
    const answers = await Promise.all(Array.from({ length: 150 }, () => client.emitWithAck("secret")));
    expect(answers.every(({ ok }) => ok === false)).toBe(true);
  }
  const polling = await poll(server);
  await polling("40");
  await until(() => server.io.sockets.sockets.size === 2);
  for (let time = 0; time < 5; time++) await polling(...Array.from({ length: 60 }, () => '42["secret"]'));
  await until(() => heard.mock.calls.length === 1);
  expect([heard.mock.calls[0]?.[0], client.connected]).toEqual(["forced close", true]);
});

test("a client with few long unread refusals is cut off", async () => {
  const heard = vi.fn();
  const server = await listen((io) => {
    guard(io, simplePolicy(), { limits: { unread: 10_000, pendingMessages: 5 } });
    io.on("connection", (socket) => socket.on("disconnect", heard));
  });
  const polling = await poll(server);
  await polling("40");
  await until(() => server.io.sockets.sockets.size === 1);
  const long = `42["${"x".repeat(5000)}"]`;
  let sent = 0;
  for (; sent < 200 && heard.mock.calls.length === 0; sent += 5) await polling(long, long, long, long, long);
  // Two are refused, five are queued, and two more exceed the queue.
  expect(sent).toBe(10);
  await until(() => heard.mock.calls.length === 1);
  expect(heard.mock.calls[0]?.[0]).toBe("forced close");
});

test("unread refusals at connect cut off a client", async () => {
  const heard = vi.fn();
  const server = await listen((io) => {
    guard(io, simplePolicy(), { limits: { unread: 50_000 } });
    io.on("connection", (socket) => socket.on("disconnect", heard));
    const limits = { unread: 50_000, undecodable: 1000 };
    guard(io.of("/shut"), definePolicy({ connect: DenyAll, permissions: DenyAll }), { limits });
  });
  const polling = await poll(server);
  await polling("40");
  await until(() => server.io.sockets.sockets.size === 1);
  let knocks = 0;
  for (; knocks < 300 && heard.mock.calls.length === 0; knocks++) await polling("40/shut,").catch(() => undefined);
  expect(knocks).toBeGreaterThan(100);
  await until(() => heard.mock.calls.length === 1);
});

test("unread answers about missing namespaces cut off a client", async () => {
  const heard = vi.fn();
  const server = await listen((io) => {
    guard(io, simplePolicy(), { limits: { unread: 40_000 } });
    io.on("connection", (socket) => socket.on("disconnect", heard));
  });
  const client = await open(server);
  for (let time = 0; time < 3; time++) {
    const elsewhere = client.io.socket("/nowhere");
    await new Promise((resolve) => elsewhere.once("connect_error", resolve));
    elsewhere.disconnect();
  }
  const polling = await poll(server);
  await polling("40");
  await until(() => server.io.sockets.sockets.size === 2);
  let knocks = 0;
  for (; knocks < 300 && heard.mock.calls.length === 0; knocks++) await polling("40/nowhere,").catch(() => undefined);
  expect(knocks).toBeGreaterThan(190);
  await until(() => heard.mock.calls.length === 1);
  expect(client.connected).toBe(true);
});

test("a listener's error surfaces, and the next event is decided", async () => {
  await uncaughtOf(async (thrown) => {
    const handled = vi.fn();
    const server = await listen((io) => {
      guard(io, definePolicy({ permissions: permission("any", async () => true) }));
      io.on("connection", (socket) => {
        socket.onAny((event) => {
          if (event === "bad") throw new Error("of the listener");
        });
        socket.on("ping", handled);
      });
    });
    const client = await open(server);
    client.emit("ping").emit("bad").emit("bad").emit("ping");
    await until(() => handled.mock.calls.length === 2);
    expect(thrown.map(String)).toEqual(["Error: of the listener", "Error: of the listener"]);
  });
});
