import { AllowAny, DenyAll, definePolicy } from "@portcullis/core";
import { Namespace } from "socket.io";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Poller } from "../test/polling.js";
import { listen, open, poll, Raw, refusalOf, stopAll, until } from "../test/support.js";
import { guard } from "./guard.js";
import { Hooks } from "./server-hooks.js";

afterEach(stopAll);

const all = definePolicy({ permissions: AllowAny });
const closed = definePolicy({ connect: DenyAll, permissions: AllowAny });

test("only children have the guard of their parent", async () => {
  const server = await listen((io) => {
    const [a, b] = [io.of(/^\/a-/), io.of(/^\/b-/)];
    guard(a, definePolicy({ actions: { say: AllowAny } }));
    guard(b, closed);
    io.on("connection", (socket) => socket.on("say", (answer) => answer("not guarded")));
  });
  const child = await open(server, "/a-1");
  expect(await child.emitWithAck("shout")).toMatchObject({ error: { code: "unknown_action" } });
  expect((await refusalOf(server, "/b-1")).data?.code).toBe("permission_denied");
  server.io.of("/later").on("connection", (socket) => socket.on("say", (answer) => answer("not guarded")));
  for (const name of ["/", "/later"]) {
    expect(await (await open(server, name)).emitWithAck("say")).toBe("not guarded");
  }
});

test("guarding one namespace disconnects only its own sockets", async () => {
  const server = await listen();
  server.io.of("/a");
  server.io.of("/b").on("connection", (socket) => socket.on("say", (answer) => answer("still here")));
  const [a, b] = [await open(server, "/a"), await open(server, "/b")];
  guard(server.io.of("/a"), all);
  await until(() => !a.connected);
  expect(await b.emitWithAck("say")).toBe("still here");
});

describe("another copy of this package", () => {
  test("sees that a server is guarded, and stands behind the same hooks", async () => {
    const path = "./server-hooks.js?copy";
    const copy: { Hooks: typeof Hooks } = await import(path);
    expect(copy.Hooks).not.toBe(Hooks);
    const { io } = await listen((server) => void guard(server, all));
    const bare = io as never;
    expect(copy.Hooks.of(bare)).toBe(Hooks.of(bare));
  });

  test("finds the guard under a name that all versions share", async () => {
    const { io } = await listen((server) => void guard(server, all));
    expect(Object.getOwnPropertySymbols(io)).toContain(Symbol.for("@portcullis/adapter-socketio/hooks"));
  });
});

test("audit() reports a namespace that bypassed the hooks", async () => {
  const { io } = await listen();
  const guarded = guard(io, all);
  Map.prototype.set.call(io._nsps, "/hidden", new Namespace(io, "/hidden"));
  expect(guarded.audit()).toEqual(['methods of the namespace "/hidden" were replaced: it may not be guarded any more']);
});

test("no later event of a packet bypasses a new guard", async () => {
  const heard: unknown[] = [];
  const server = await listen((io) =>
    io.on("connection", (socket) => {
      socket.on("disconnect", (reason) => heard.push(reason));
      socket.onAny((event) => {
        heard.push(event);
        if (event === "first") guard(io, all);
      });
    }),
  );
  const poller = await Poller.open(server);
  await poller.connect();
  await poller.post('42["first"]\x1e42["second"]');
  expect((await poller.poll()).body).toBe("41");
  expect(heard).toEqual(["first", "server namespace disconnect"]);
});

describe("a client without a namespace", () => {
  const limits = {
    patient: { handshake: 60_000, pendingBytes: 5000 },
    medium: { handshake: 45_000, pendingBytes: 100 },
    hasty: { handshake: 30_000, pendingBytes: 100 },
  };

  test.each([
    [["patient", "hasty", "medium"] as const],
    [["hasty", "patient", "medium"] as const],
    [["hasty", "medium", "patient"] as const],
  ])("has the limits of the most patient guard, in order %j", async (order) => {
    const server = await listen((io) => {
      for (const each of order) guard(io.of(`/${each}`), all, { limits: limits[each] });
    });
    const raw = new Raw(server);
    await raw.send(`40/nowhere,{"token":"${"x".repeat(3000)}"}`);
    expect(await raw.packet("44")).toBe('44/nowhere,{"message":"Invalid namespace"}');
    await raw.send(`40/nowhere,{"token":"${"x".repeat(3000)}"}`);
    await until(() => raw.isClosed);
  });

  test("has the limits of the server's guard, if there is one", async () => {
    const server = await listen((io) => {
      guard(io.of("/admin"), all, { limits: limits.patient });
      guard(io, all, { limits: limits.hasty });
    });
    const raw = new Raw(server);
    await raw.send(`40/nowhere,{"token":"${"x".repeat(3000)}"}`);
    await until(() => raw.isClosed);
  });
});

describe("a client that asks for namespaces", () => {
  /** The guard allows few unread answers. */
  const few = { limits: { unread: 60_000 } };

  test("that there are not is answered where it is not guarded itself", async () => {
    const server = await listen((io) => void guard(io.of("/admin"), all, few));
    const raw = new Raw(server);
    await raw.send("40");
    await raw.packet("40");
    await raw.send("40/nowhere,");
    expect(await raw.packet("44")).toBe('44/nowhere,{"message":"Invalid namespace"}');
    await raw.send("40/nowhere,");
    await until(() => raw.received.filter((packet) => packet.startsWith("44")).length === 2);
    expect(raw.isClosed).toBe(false);
  });

  test("that exist is cut off at twice the unread budget", async () => {
    const server = await listen((io) => {
      guard(io, all, few);
      guard(io.of("/shut"), closed, { limits: { ...few.limits, undecodable: 1000 } });
    });
    const heard = vi.fn();
    server.io.on("connection", (socket) => {
      for (let n = 0; n < 300; n++) socket.emit("news");
      socket.on("disconnect", heard);
    });
    const polling = await poll(server);
    await polling("40");
    await until(() => server.io.sockets.sockets.size === 1);
    for (let knocks = 0; knocks < 150; knocks++) await polling("40/shut,");
    expect(heard).not.toHaveBeenCalled();
    for (let knocks = 0; knocks < 100 && heard.mock.calls.length === 0; knocks++) {
      await polling("40/shut,").catch(() => undefined);
    }
    await until(() => heard.mock.calls.length === 1);
  });
});

test("connection state recovery stays off where it is not set", async () => {
  const { io } = await listen((server) => void guard(server, all));
  expect((io as unknown as { opts: object }).opts).not.toHaveProperty("connectionStateRecovery.skipMiddlewares");
});

test("a fault of a dynamic namespace without a guard is printed", async () => {
  const printed = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const server = await listen((io) => {
    guard(io.of("/a"), all);
    io.of(() => {
      throw new Error("of the application");
    });
  });
  expect((await refusalOf(server, "/dynamic")).message).toBe("Invalid namespace");
  expect(printed.mock.calls.join()).toBe("portcullis: permission_error in guard (connect):,Error: of the application");
  printed.mockRestore();
});

test("a namespace without a guard that throws refuses, and the fault is printed", async () => {
  const printed = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const server = await listen((io) => {
    Object.assign(io.of("/b"), {
      async _add() {
        throw new Error("broken");
      },
    });
    guard(io.of("/a"), all);
  });
  expect((await refusalOf(server, "/b")).data?.code).toBe("permission_error");
  expect(printed.mock.calls.join()).toBe("portcullis: permission_error in guard (connect):,Error: broken");
  printed.mockRestore();
});
