import { AllowAny, definePolicy, PermissionMisuse } from "@portcullis/core";
import type { Socket } from "socket.io";
import { afterEach, expect, test, vi } from "vitest";
import { Poller } from "../../test/polling.js";
import { listen, only, open, Raw, simplePolicy, stopAll, uncaughtOf, until } from "../../test/support.js";
import { guard } from "../guard.js";

afterEach(stopAll);

const all = definePolicy({ permissions: AllowAny });

test.each([
  ["a text", () => "no"],
  ["null", () => null],
  ["nothing", () => {}],
  ["a list", () => [1]],
  ["a map", () => new Map()],
  ["an error", () => new Error("no")],
  ["a date", () => new Date()],
  ["a promise", async () => ({ ok: false })],
  ["a promise that rejects", async () => Promise.reject(new Error("too late"))],
  ["what can be waited for", () => Object.setPrototypeOf({ ok: false }, Promise.prototype)],
])("`denied` that returns %s is a fault of its own, and the client is told the usual", async (_what, denied) => {
  await uncaughtOf(async (thrown) => {
    const onDecision = vi.fn();
    const server = await listen((io) => guard(io, simplePolicy(), { onDecision, denied: denied as never }));
    const client = await open(server);
    const error = { code: "permission_denied", status: 403, reason: expect.any(String), retry: "never" };
    expect(await client.emitWithAck("secret")).toEqual({ ok: false, error });
    const session = expect.objectContaining({ isEnded: false });
    const fault = new PermissionMisuse("`denied()` must return a plain object, and at once");
    expect(onDecision.mock.calls.slice(-2)).toMatchObject([
      [{ phase: "action", action: "secret", decision: { code: "permission_denied" }, session }],
      [{ phase: "action", action: "secret", decision: { by: "denied", error: fault }, session }],
    ]);
    expect(thrown).toEqual([]);
  });
});

test("a throwing listener does not delay later events", async () => {
  await uncaughtOf(async (thrown) => {
    const handled: string[] = [];
    const server = await listen((io) => {
      guard(io, all);
      io.on("connection", (socket) => {
        socket.onAny((event) => {
          if (event === "bad") throw new Error("of the listener");
        });
        socket.on("ping", (answer) => answer(handled.push("ping")));
      });
    });
    const client = await open(server);
    const parsed = only(server.io) as unknown as { onevent(packet: object): void };
    for (const event of ["ping", "bad", "ping"]) parsed.onevent({ type: 2, nsp: "/", id: 99, data: [event] });
    await until(() => thrown.length === 1);
    expect(await client.emitWithAck("ping")).toBe(3);
    expect(thrown).toEqual([new Error("of the listener")]);
  });
});

test("an error at a leave surfaces, and the client may return", async () => {
  await uncaughtOf(async (thrown) => {
    const server = await listen((io) => {
      guard(io, simplePolicy());
      io.on("connection", (socket: Socket) =>
        socket.on("disconnect", (reason) => {
          throw new Error(`the application fails: ${reason}`);
        }),
      );
    });
    const raw = new Raw(server);
    await raw.send("40");
    await raw.packet("40");
    await raw.send("41");
    await until(() => thrown.length > 0);
    await raw.send("40");
    await until(() => raw.received.filter((packet) => packet.startsWith("40")).length === 2);
    expect(thrown).toEqual([new Error("the application fails: client namespace disconnect")]);
  });
});

test("guard.close() ends as soon as its clients are gone", async () => {
  const server = await listen();
  const guarded = guard(server.io, all, { limits: { drain: 60_000 } });
  const client = await open(server);
  const poller = await Poller.open(server);
  await poller.connect();
  const left = new Promise((resolve) => client.once("disconnect", resolve));
  const closing = guarded.close();
  expect(await left).toBe("transport close");
  expect((await poller.poll()).body.split("\x1e").at(-1)).toBe("1");
  await closing;
  expect(guarded.sessions.size).toBe(0);
});

test("audit() reports no open guarded sockets", async () => {
  const server = await listen();
  const guarded = guard(server.io, all);
  await open(server);
  await until(() => guarded.sessions.size === 1);
  expect(guarded.audit()).toEqual([]);
});

test.each([
  ["text", ["lobby"], {}, 1],
  ["an object", [{ room: "lobby" }], {}, 0],
  ["nothing", [], {}, 0],
  ["text that an option names", ["lobby"], { payload: (_event: string, [room]: readonly unknown[]) => ({ room }) }, 0],
])("a refused event with %s causes the right hints", async (_what, args, options, count) => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  const server = await listen((io) => guard(io, simplePolicy(), { hints: true, ...options }));
  const client = await open(server);
  for (let turn = 0; turn < 2; turn += 1) {
    expect(await client.emitWithAck("secret", ...args)).toMatchObject({ error: { status: 403 } });
  }
  expect(warned.mock.calls.filter(([line]) => String(line).includes("payload.args"))).toHaveLength(count);
  warned.mockRestore();
});
