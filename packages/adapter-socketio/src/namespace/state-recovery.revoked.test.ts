import { AllowAny, definePolicy } from "@portcullis/core";
import { continuity, memoryRevocations, type RevocationLog, Revocations } from "@portcullis/core/continuity";
import type { Server } from "socket.io";
import type { Socket as Client } from "socket.io-client";
import { afterEach, describe, expect, test, vi } from "vitest";
import { clientOf, listen, type Running, sleep, stopAll, until } from "../../test/support.js";
import { guard } from "../guard.js";

afterEach(stopAll);

const policy = definePolicy({ permissions: AllowAny });

interface Application extends Running {
  readonly guarded: ReturnType<typeof guard>;
  readonly client: Client;
  readonly heard: unknown[];
}

interface Given {
  readonly revocations?: Revocations | undefined;
  readonly grace?: number;
  readonly prepare?: (io: Server) => void;
}

/** A client in the room `staff`, which it joined once, with an offset to resume from. */
async function enter({ revocations = memoryRevocations(), grace, prepare }: Given = {}, auth: object = {}) {
  let guarded: Application["guarded"] | undefined;
  const server = await listen(
    (io) => {
      prepare?.(io);
      guarded = guard(io, policy, {
        authenticate: ({ handshake }) => ({ user: { id: "ann" }, ...handshake.auth }) as never,
        identify: (scope) => {
          const { sid = "s1", expiresAt } = scope as never as { sid?: string; expiresAt?: number };
          return { subjects: ["user:ann", `session:${sid}`], expiresAt };
        },
        continuity: continuity({ revocations, ...(grace === undefined ? {} : { grace }) }),
      }) as never;
      io.on("connection", (socket) => {
        socket.on("join", (room, done) => done(void socket.join(room)));
        socket.on("leave", (room, done) => done(void socket.leave(room)));
        socket.on("rooms", (done) => done([...socket.rooms].filter((room) => room !== socket.id)));
        socket.emit("hello");
      });
    },
    { connectionStateRecovery: {} },
  );
  const client = clientOf(server, "/", { auth });
  await new Promise((resolve) => client.once("hello", resolve));
  await client.emitWithAck("join", "staff");
  const heard: unknown[] = [];
  client.on("news", (n) => heard.push(n));
  server.io.to("staff").emit("news", 0);
  await until(() => heard.length === 1);
  return { ...server, guarded, client, heard } as Application;
}

const isAway = ({ io }: Running) => until(() => io.sockets.sockets.size === 0, "the server has noticed");

/** Cuts the client off. */
async function drop(app: Application): Promise<void> {
  app.client.io.engine.close();
  await isAway(app);
}

/** Connects again with the same private id, and tells what the client gets of its session. */
async function comeBack({ client, heard, io }: Application, auth: object = {}) {
  await until(() => !client.connected);
  heard.length = 0;
  client.auth = auth;
  client.connect();
  await new Promise((resolve) => client.once("hello", resolve));
  const rooms = await client.emitWithAck("rooms");
  const [socket] = io.sockets.sockets.values();
  return { heard: [...heard], rooms, recovered: [client.recovered, socket?.recovered] };
}

/** Cuts the client off, and lets it resume its session. Its adapter has a stored session from now on. */
async function resume(app: Application, auth: object = {}): Promise<void> {
  await drop(app);
  expect((await comeBack(app, auth)).recovered).toEqual([true, true]);
}

const RESUMED = { heard: [1], rooms: ["staff"], recovered: [true, true] };
const NEW = { heard: [], rooms: [], recovered: [false, false] };
const soon = (milliseconds: number) => Date.now() + milliseconds;

describe("a client that was cut off", () => {
  const ENDS: [string, (revocations: Revocations) => Promise<unknown>, object, object][] = [
    ["whose user was revoked", (all) => all.revoke("user:ann"), {}, NEW],
    ["whose session was revoked", (all) => all.revoke("session:s1"), {}, NEW],
    ["whose roles have changed", (all) => all.refresh("user:ann"), {}, NEW],
    ["who has another login now", async () => {}, { sid: "s2" }, NEW],
    ["whose other sessions were revoked", (all) => all.revoke("user:ann", { except: "session:s1" }), {}, RESUMED],
    ["while somebody else was revoked", (all) => all.revoke("user:bob"), {}, RESUMED],
  ];
  test.each(ENDS)("%s", async (_what, end, auth, expected) => {
    const revocations = memoryRevocations();
    const app = await enter({ revocations });
    await drop(app);
    await end(revocations);
    app.io.to("staff").emit("news", 1);
    expect(await comeBack(app, auth)).toEqual(expected);
  });

  test("is not resumed behind the end of its token", async () => {
    const app = await enter({}, { expiresAt: soon(300) });
    await drop(app);
    await sleep(320);
    app.io.to("staff").emit("news", 1);
    expect(await comeBack(app, { expiresAt: soon(60_000) })).toEqual(NEW);
  });

  test("is resumed with a new token before that", async () => {
    const app = await enter({}, { expiresAt: soon(60_000) });
    await drop(app);
    app.io.to("staff").emit("news", 1);
    expect(await comeBack(app, { expiresAt: soon(90_000) })).toEqual(RESUMED);
  });

  test("is not resumed by the id of its revoked connection", async () => {
    const revocations = memoryRevocations();
    const app = await enter({ revocations });
    const [session] = app.guarded.sessions;
    const id = String(session?.id);
    await drop(app);
    await revocations.revoke(id);
    app.io.to("staff").emit("news", 1);
    expect(await comeBack(app)).toEqual(NEW);
  });
});

describe("a connection that its guard has ended", () => {
  const close = (code: number) => async (app: Application) => [...app.guarded.sessions][0]?.close(code);
  const ENDS: [string, (app: Application, revocations: Revocations) => Promise<unknown>, object][] = [
    ["revoked", (_app, all) => all.revoke("user:ann"), NEW],
    ["closed by the application", close(4000), NEW],
    ["closed for a restart", close(1012), RESUMED],
  ];
  test.each(ENDS)("after it was resumed once: %s", async (_what, end, expected) => {
    const revocations = memoryRevocations();
    const app = await enter({ revocations });
    await resume(app);
    await end(app, revocations);
    await isAway(app);
    app.io.to("staff").emit("news", 1);
    expect(await comeBack(app)).toEqual(expected);
  });

  test("after it was resumed once: expired", async () => {
    const auth = { expiresAt: soon(1_000) };
    const app = await enter({ grace: 0 }, auth);
    await resume(app, auth);
    await isAway(app);
    app.io.to("staff").emit("news", 1);
    expect(await comeBack(app, { expiresAt: soon(60_000) })).toEqual(NEW);
  });
});

test("a client gets no room back that it has left", async () => {
  const app = await enter();
  await resume(app);
  await app.client.emitWithAck("leave", "staff");
  app.client.disconnect();
  await isAway(app);
  app.io.to("staff").emit("news", 1);
  expect(await comeBack(app)).toEqual(NEW);
});

test("a session is resumed after each break", async () => {
  const app = await enter();
  for (const _turn of [1, 2, 3]) {
    await drop(app);
    app.io.to("staff").emit("news", 1);
    expect(await comeBack(app)).toEqual(RESUMED);
  }
});

test("nobody is resumed while the log cannot be read", async () => {
  const print = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const log: RevocationLog = {
    append: async () => {},
    read: async () => Promise.reject(new Error("the log is down")),
  };
  const revocations = new Revocations(log);
  const app = await enter({ revocations });
  await until(() => revocations.gauges.failures > 0);
  print.mockRestore();
  await drop(app);
  app.io.to("staff").emit("news", 1);
  expect(await comeBack(app)).toEqual(NEW);
});

test("a revocation that comes during the resumption ends it", async () => {
  const revocations = memoryRevocations();
  const prepare = ({ sockets: { adapter } }: Server) => {
    const restore = adapter.restoreSession.bind(adapter);
    let lookups = 0;
    adapter.restoreSession = async (...given) => {
      lookups += 1;
      if (lookups === 2) await revocations.refresh("user:ann");
      return restore(...given);
    };
  };
  const app = await enter({ revocations, prepare });
  await drop(app);
  app.io.to("staff").emit("news", 1);
  expect(await comeBack(app)).toEqual(NEW);
});
