import { AllowAny, DenyAll, definePolicy } from "@portcullis/core";
import { afterEach, describe, expect, test } from "vitest";
import { Poller } from "../test/polling.js";
import { gatedRule, listen, open, Raw, type Running, simplePolicy, stopAll, until } from "../test/support.js";
import { guard } from "./guard.js";
import type { BareConnection } from "./socketio-internals.js";

afterEach(stopAll);

const policy = definePolicy({ permissions: AllowAny });
/** No timeout ends a client. */
const limits = { drain: 600_000 };

/** Closes a guard, and logs when that is done. */
function ending(guarded: { close(): Promise<void> }, log: string[]): Promise<void> {
  return guarded.close().then(() => void log.push("closed"));
}

/** A polling client in the given namespaces, with nothing left to fetch. */
async function polling(server: Running, ...names: string[]): Promise<Poller> {
  const poller = await Poller.open(server);
  for (const name of names) expect((await poller.connect(`40${name},`)).body).toContain("sid");
  return poller;
}

describe("guard.close() is over", () => {
  test("at once if no client has unfetched answers", async () => {
    const { io, ...rest } = await listen((server) => void server.of("/other"));
    const guarded = guard(io.of("/admin"), policy, { limits });
    const client = await open({ io, ...rest }, "/other");
    const admin = client.io.socket("/admin");
    admin.connect();
    await until(() => admin.connected);
    await guarded.close();
    await until(() => !admin.connected);
    expect(client.connected).toBe(true);
  });

  test("once a client staying in another namespace has fetched all", async () => {
    const log: string[] = [];
    const server = await listen((io) => void io.of("/other"));
    const guarded = guard(server.io.of("/admin"), policy, { limits });
    const poller = await polling(server, "/other", "/admin");
    const closing = ending(guarded, log);
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual([]);
    expect((await poller.poll()).body).toBe("41/admin,");
    await closing;
  });

  test("once a client admitted elsewhere has fetched that answer too", async () => {
    const log: string[] = [];
    const { rule, asked } = gatedRule();
    const server = await listen();
    const guarded = guard(server.io.of("/admin"), policy, { limits });
    guard(server.io.of("/slow"), definePolicy({ connect: rule, permissions: AllowAny }));
    const poller = await polling(server, "/admin");
    await poller.post("40/slow,");
    await until(() => asked.length === 1);
    const closing = ending(guarded, log);
    expect((await poller.poll()).body).toBe("41/admin,");
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual([]);
    asked[0]?.resolve(true);
    expect((await poller.poll()).body).toContain("40/slow,");
    await closing;
  });

  test("once such a client has gone, though it has not fetched it", async () => {
    const server = await listen((io) => void io.of("/other"));
    const guarded = guard(server.io.of("/admin"), policy, { limits });
    const poller = await polling(server, "/other", "/admin");
    const closing = guarded.close();
    await poller.post("1");
    await closing;
  });

  test("once a client is gone that is nowhere else, and not before", async () => {
    const log: string[] = [];
    const server = await listen();
    server.io.engine.on("connection", (connection: BareConnection) => {
      connection.once("close", () => void log.push("gone"));
    });
    const guarded = guard(server.io, policy, { limits });
    const raw = new Raw(server);
    await raw.send("40");
    await raw.packet("40");
    await ending(guarded, log);
    expect(log).toEqual(["gone", "closed"]);
  });

  test("once a client has gone away by itself meanwhile", async () => {
    const { rule, asked } = gatedRule();
    const server = await listen();
    const guarded = guard(server.io, definePolicy({ actions: { held: rule } }), { limits });
    const raw = new Raw(server);
    await raw.send("40");
    await raw.packet("40");
    await raw.send('42["held"]');
    await until(() => asked.length === 1);
    const closing = guarded.close();
    raw.socket.terminate();
    await closing;
    expect(guarded.sessions.size).toBe(0);
  });

  test("without a listener warning for any number of namespaces", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => void warnings.push(warning);
    process.on("warning", note);
    try {
      const names = Array.from({ length: 20 }, (_, n) => `/room${n}`);
      const server = await listen((io) => {
        for (const name of names) io.of(name);
      });
      const guarded = guard(server.io, policy, { limits });
      const poller = await polling(server, ...names);
      const closing = guarded.close();
      expect((await poller.poll()).body.split("\x1e").at(-1)).toBe("1");
      await closing;
      await new Promise((resolve) => setImmediate(resolve));
      expect(warnings).toEqual([]);
    } finally {
      process.off("warning", note);
    }
  });
});

describe("answers that a client does not fetch", () => {
  const few = { pendingMessages: 1 };
  const secrets = (count: number) => Array(count).fill('42["secret"]').join("\x1e");

  test("are limited by `limits.unread`, and the rest is queued", async () => {
    const limits = { unread: 10_000, pendingMessages: 1000 };
    const server = await listen((io) => guard(io, simplePolicy(), { limits }));
    const poller = await polling(server, "/");
    await poller.post(secrets(200));
    let count = 0;
    while (count < 200) {
      const packets = (await poller.poll()).body.split("\x1e");
      const size = packets.reduce((sum, packet) => sum + packet.length + 64, 0);
      expect(size).toBeLessThan(10_500);
      count += packets.length;
    }
    expect([count, server.io.sockets.sockets.size]).toEqual([200, 1]);
  });

  test("in all namespaces share the largest limit", async () => {
    const server = await listen((io) => {
      guard(io, simplePolicy(), { limits: { unread: 1000, pendingMessages: 1000 } });
      guard(io.of("/large"), simplePolicy(), { limits: { unread: 20_000, pendingMessages: 1000 } });
    });
    const poller = await polling(server, "/", "/large");
    await poller.post(secrets(60));
    expect((await poller.poll()).body.split("\x1e")).toHaveLength(60);
    await poller.post([...secrets(60).split("\x1e"), ...Array(60).fill('42/large,["secret"]')].join("\x1e"));
    const counts = [];
    for (let left = 120; left > 0; left -= counts.at(-1) as number) {
      counts.push((await poller.poll()).body.split("\x1e").length);
    }
    expect(counts).toHaveLength(2);
    expect(server.io.sockets.sockets.size).toBe(1);
  });

  test("of twice that end the connection", async () => {
    const limits = { unread: 10_000, pendingMessages: 1000 };
    const server = await listen((io) => guard(io, simplePolicy(), { limits }));
    const poller = await polling(server, "/");
    await poller.post(secrets(1040));
    expect(server.io.sockets.sockets.size).toBe(1);
    await poller.post(secrets(100)).catch(() => undefined);
    await until(() => server.io.sockets.sockets.size === 0);
    expect((await poller.poll()).status).toBe(400);
  });

  test("are counted since its last fetch, without unsolicited packets", async () => {
    const server = await listen((io) => guard(io, simplePolicy(), { limits: few }));
    const poller = await polling(server, "/");
    for (let time = 0; time < 3; time++) {
      await poller.post(secrets(100));
      expect((await poller.poll()).body.split("\x1e")).toHaveLength(100);
    }
    for (let n = 0; n < 300; n++) server.io.emit("news", n);
    await poller.post(secrets(2));
    const packets = (await poller.poll()).body.split("\x1e");
    expect([packets.length, packets.filter((packet) => packet.includes("permission_denied")).length]).toEqual([302, 2]);
    expect(server.io.sockets.sockets.size).toBe(1);
  });

  test("count once, however often it has entered a namespace", async () => {
    const server = await listen((io) => {
      guard(io, simplePolicy(), { limits: few });
      guard(io.of("/shut"), definePolicy({ connect: DenyAll, permissions: DenyAll }), { limits: few });
      io.of("/other");
    });
    const poller = await polling(server, "/", "/other");
    for (let n = 0; n < 300; n++) server.io.emit("news", n);
    for (let n = 0; n < 150; n++) await poller.post("40/nowhere,");
    const packets = (await poller.poll()).body.split("\x1e");
    expect(packets.filter((packet) => packet.startsWith("44/nowhere,"))).toHaveLength(150);
  });
});

test("answers in two namespaces to one request are all sent", async () => {
  const server = await listen((io) => {
    guard(io, simplePolicy());
    for (const name of ["/", "/other"]) {
      io.of(name).on("connection", (socket) => socket.on("ping", (n, answer) => answer(n)));
    }
  });
  const poller = await polling(server, "/", "/other");
  for (let time = 0; time < 3; time++) {
    const packets = [1, 2, 3].flatMap((n) => [`42${n}["ping",${n}]`, `42/other,${n}["ping",${n}]`]);
    const [answers] = await Promise.all([poller.poll(), poller.post(packets.join("\x1e"))]);
    expect(answers.body.split("\x1e")).toEqual([1, 2, 3].flatMap((n) => [`43${n}[${n}]`, `43/other,${n}[${n}]`]));
  }
});
