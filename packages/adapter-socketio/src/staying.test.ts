import { AllowAny, DenyAll, definePolicy } from "@portcullis/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Poller } from "../test/polling.js";
import { gatedRule, listen, Raw, type Running, stopAll, uncaughtOf, until } from "../test/support.js";
import { guard } from "./guard.js";
import type { BareConnection } from "./socketio-internals.js";

afterEach(stopAll);

const policy = definePolicy({ permissions: AllowAny });

/** A guarded server that records the clients it cuts off, in order. */
async function watched(...given: Parameters<typeof listen>) {
  const server = await listen(...given);
  const connections: BareConnection[] = [];
  const ended: string[] = [];
  server.io.engine.on("connection", (connection: BareConnection) => {
    const name = `client ${connections.push(connection)}`;
    connection.once("close", () => void ended.push(name));
  });
  return { server, connections, ended };
}

/** A client that sends packets once it is connected. */
async function knock(server: Running, ...packets: string[]): Promise<Raw> {
  const raw = new Raw(server);
  await raw.send(...packets);
  return raw;
}

async function enter(server: Running, name: string): Promise<Raw> {
  const raw = await knock(server, `40${name},`);
  await raw.packet(name === "/" ? "40" : `40${name}`);
  return raw;
}

describe("the time for a handshake", () => {
  const limits = { handshake: 300 };
  const asked = new Set<string>();
  /** Namespaces whose middleware never answers. */
  const guarding: Parameters<typeof listen>[0] = (io) => {
    asked.clear();
    for (const name of ["/slow", "/slower"])
      guard(
        io.of(name).use(() => void asked.add(name)),
        policy,
        { limits },
      );
  };

  test("is no matter of a client in a namespace that nobody guards", async () => {
    const { server, ended } = await watched(guarding);
    const first = await enter(server, "/");
    await knock(server);
    await until(() => ended.length > 0);
    expect(ended).toEqual(["client 2"]);
    await first.send("40/slow,");
    await until(() => ended.length > 1);
  });

  test("is a whole one for who asks from such a namespace", async () => {
    const { server, ended } = await watched(guarding);
    const first = await enter(server, "/");
    await knock(server);
    await first.send("40/slow,");
    await until(() => ended.length === 2);
    expect(ended).toEqual(["client 2", "client 1"]);
  });

  test("is no longer for who asks for another namespace meanwhile", async () => {
    const { server, ended } = await watched(guarding);
    const first = await enter(server, "/");
    await first.send("40/slow,");
    await until(() => asked.has("/slow"));
    await knock(server);
    await first.send("40/slower,");
    await until(() => ended.length === 2);
    expect(ended).toEqual(["client 1", "client 2"]);
  });

  test("is no longer for who has asked for nothing before", async () => {
    const { server, ended } = await watched(guarding);
    const first = await knock(server);
    await knock(server);
    await first.send("40/slow,");
    await until(() => ended.length === 2);
    expect(ended).toEqual(["client 1", "client 2"]);
  });

  test("restarts for a client in a namespace, or disconnected from it", async () => {
    const { server, ended } = await watched((io) => {
      guard(io.of("/in"), policy, { limits });
      guarding(io);
    });
    const inside = await enter(server, "/in");
    await inside.send("40/slow,");
    await until(() => ended.length === 1);
    const guarded = guard(server.io.of("/out"), policy, { limits });
    const outside = await enter(server, "/out");
    for (const session of guarded.sessions) session.close();
    await outside.send("40/slow,");
    await until(() => ended.length === 2);
  });

  test("ends with an admission, and a later disconnect starts another", async () => {
    const { server, ended } = await watched();
    const guarded = guard(server.io, policy, { limits });
    await enter(server, "/");
    await knock(server);
    for (const session of guarded.sessions) session.close();
    await until(() => ended.length === 2);
    expect(ended).toEqual(["client 2", "client 1"]);
  });
});

describe("a disconnected client has little time", () => {
  test("except while pending or inside elsewhere, or already gone", async () => {
    const { rule, asked } = gatedRule();
    const { server, connections, ended } = await watched();
    const guarded = guard(server.io.of("/admin"), policy);
    guard(server.io.of("/slow"), definePolicy({ connect: rule, permissions: AllowAny }));
    const [asking, elsewhere] = [await enter(server, "/admin"), await enter(server, "/admin")];
    await asking.send("40/slow,");
    await elsewhere.send("40");
    const gone = await knock(server, "40/slow,");
    await until(() => asked.length === 2 && server.io.sockets.sockets.size === 1);
    gone.socket.terminate();
    await until(() => ended.length === 1);
    const close = vi.spyOn(connections[2] as BareConnection, "close");
    for (const session of guarded.sessions) session.close();
    await enter(server, "/admin");
    for (const session of guarded.sessions) session.close();
    await until(() => ended.length > 1);
    expect(ended).toEqual(["client 3", "client 4"]);
    expect(close).not.toHaveBeenCalled();
    asked[0]?.resolve(true);
    await asking.packet("40/slow");
  });

  test("even where it does not answer the close of its WebSocket", async () => {
    const { server, connections } = await watched();
    const guarded = guard(server.io, policy);
    const raw = await enter(server, "/");
    const ended = new Promise((resolve) => connections[0]?.once("close", () => resolve("closed")));
    const socket = connections[0]?.transport.socket as unknown as { readyState: number; CLOSED: number };
    raw.socket.pause();
    for (const session of guarded.sessions) session.close();
    await ended;
    await until(() => socket.readyState === socket.CLOSED);
  });

  test("and is cut off even without `terminate`", async () => {
    await uncaughtOf(async (thrown) => {
      const { server, connections, ended } = await watched();
      guard(server.io, policy, { limits: { handshake: 50 } });
      server.io.engine.on("connection", () => {
        Object.assign(connections[0]?.transport.socket as object, { terminate: undefined });
      });
      const raw = await knock(server);
      await until(() => raw.isClosed);
      expect([ended, thrown]).toEqual([["client 1"], []]);
    });
  });

  test("but may still fetch why, over polling", async () => {
    const { server, connections } = await watched((io) =>
      guard(io, definePolicy({ connect: DenyAll, permissions: AllowAny })),
    );
    const poller = await Poller.open(server);
    await poller.post("40");
    await until(() => connections[0]?.readyState === "closing");
    expect((await poller.poll()).body).toContain('"code":"permission_denied"');
    expect((await poller.poll()).body.split("\x1e").at(-1)).toBe("1");
    await until(() => connections[0]?.readyState === "closed");
  });

  test("also to fetch it", async () => {
    const { server, ended } = await watched();
    const guarded = guard(server.io, policy, { limits: { handshake: 200 } });
    await (await Poller.open(server)).connect();
    for (const session of guarded.sessions) session.close();
    await until(() => ended.length === 1);
  });
});

describe("what a client sends before it is in a namespace", () => {
  const limits = { pendingBytes: 1000 };
  const text = (length: number) => `40${JSON.stringify({ token: "x".repeat(length - 13) })}`;

  test("is as much as may wait, and no more", async () => {
    const { server } = await watched((io) => guard(io, policy, { limits }));
    const [just, over] = [await knock(server, text(1000)), await knock(server, text(1001))];
    await just.packet("40");
    await until(() => over.isClosed);
    expect(just.isClosed).toBe(false);
    expect(over.received).toHaveLength(1);
  });

  test("counts together, texts and bytes", async () => {
    const { server, ended } = await watched((io) => guard(io, policy, { limits }));
    const file = '{"_placeholder":true,"num":0}';
    const raw = await knock(server, `459-["say",${Array(9).fill(file).join()}]`);
    for (let sent = 0; sent < 4; sent++) await raw.send(new Uint8Array(250));
    await until(() => raw.isClosed);
    expect(ended).toEqual(["client 1"]);
  });

  test("does not count any more once it is in", async () => {
    const { server, connections } = await watched((io) => {
      guard(io, policy, { limits });
      io.on("connection", (socket) => socket.on("say", (_text, answer) => answer("heard")));
    });
    const raw = await knock(server, text(900));
    await raw.packet("40");
    for (let sent = 1; sent < 5; sent++) {
      await raw.send(`42${sent}["say","${"x".repeat(300)}"]`);
      expect(await raw.packet(`43${sent}`)).toBe(`43${sent}["heard"]`);
    }
    const connection = connections[0] as unknown as NodeJS.EventEmitter;
    // The listener of socket.io itself.
    expect(connection.listenerCount("data")).toBe(1);
  });
});
