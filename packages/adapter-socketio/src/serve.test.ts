import { AllowAny, allow, deny, fault, IsAuthenticated, PermissionMisuse } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { Server } from "socket.io";
import { afterEach, describe, expect, test, vi } from "vitest";
import { listen, open, sleep, stopAll, until } from "../test/support.js";
import { serve } from "./serve.js";

afterEach(stopAll);

const consumer = defineConsumer()
  .action("echo", AllowAny, ({ payload }) => payload)
  .action("own", IsAuthenticated, () => "own")
  .action("subscribe", AllowAny, ({ reply }) => {
    reply("subscribed");
    reply({ n: 1 });
    reply({ n: 2 }, { action: "update" });
  })
  .action("rename", AllowAny, ({ reply }) => {
    reply({ n: 1 }, { action: "renamed" });
    reply({ n: 2 });
  })
  .action("loop", AllowAny, () => {
    const loop: Record<string, unknown> = {};
    loop.loop = loop;
    return loop;
  });

test("what a handler returns is the acknowledgement, and listeners hear nothing", async () => {
  const heard = vi.fn();
  const server = await listen((io) => {
    serve(io, consumer);
    io.on("connection", (socket) => socket.onAny(heard).on("echo", heard));
  });
  for (const name of ["/", "/later"]) {
    if (name === "/later") server.io.of(name);
    const client = await open(server, name);
    expect(await client.emitWithAck("echo", { a: 1 })).toEqual({ a: 1 });
    expect(await client.emitWithAck("own")).toMatchObject({ ok: false, error: { code: "not_authenticated" } });
  }
  expect(heard).not.toHaveBeenCalled();
});

test("a listener that hears nothing is told once in development", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  for (const hints of [false, true]) {
    const server = await listen((io) => {
      serve(io, consumer, { hints });
      io.on("connection", (socket) => socket.on("disconnect", () => {}).on("echo", () => {}));
    });
    const clients = [await open(server), await open(server)];
    for (const client of clients) expect(await client.emitWithAck("echo", { a: 1 })).toEqual({ a: 1 });
    expect(warned).toHaveBeenCalledTimes(hints ? 1 : 0);
  }
  expect(String(warned.mock.calls[0])).toContain('`socket.on("echo")` hears nothing behind serve()');
  warned.mockRestore();
});

test("without acknowledgement, results are dropped and refusals are events", async () => {
  const server = await listen((io) => serve(io, consumer));
  const client = await open(server);
  const heard: unknown[] = [];
  client.onAny((event, body) => heard.push([event, body.action]));
  client.emit("echo", { a: 1 }).emit("own");
  await until(() => heard.length === 1);
  await sleep(20);
  expect(heard).toEqual([["permission_denied", "own"]]);
});

test("later replies are events", async () => {
  const server = await listen((io) => serve(io.of("/chat"), consumer));
  const client = await open(server, "/chat");
  const heard: unknown[] = [];
  client.onAny((...all) => heard.push(all));
  expect(await client.emitWithAck("subscribe")).toBe("subscribed");
  await until(() => heard.length === 2);
  expect(heard).toEqual([
    ["subscribe", { n: 1 }],
    ["update", { n: 2 }],
  ]);
});

test("what cannot be sent is a fault of the handler", async () => {
  const server = await listen((io) => serve(io, consumer, { onDecision: () => {} }));
  const client = await open(server);
  expect(await client.emitWithAck("loop")).toMatchObject({ ok: false, error: { code: "handler_error", status: 500 } });
});

test("a reply with another name is always an event", async () => {
  const server = await listen((io) => serve(io, consumer));
  const client = await open(server);
  const heard: unknown[] = [];
  client.onAny((...all) => heard.push(all));
  client.emit("rename");
  expect(await client.emitWithAck("echo", { last: true })).toEqual({ last: true });
  expect(heard).toEqual([["renamed", { n: 1 }]]);
});

test("what is no consumer is a misuse, and leaves the server unguarded", () => {
  for (const wrong of [undefined, null, {}, "consumer"]) {
    const io = new Server();
    expect(() => serve(io, wrong as never)).toThrow(
      new PermissionMisuse("serve() needs a consumer: give what defineConsumer() returned"),
    );
    serve(io, consumer);
  }
});

describe("a decision in an answer", () => {
  const SECRET = { dsn: "postgres://secret" };
  const broken = fault("directory_down", { error: Object.assign(new Error("down"), SECRET) });
  const PUBLIC = { code: "directory_down", status: 500, reason: expect.any(String), retry: "never" };
  const file = Buffer.from("binary");
  const holding = defineConsumer()
    .action("nested", AllowAny, () => ({ all: [{ broken }, 1], file }))
    .action("spread", AllowAny, () => ({ ...broken, file }))
    .action("spread without bytes", AllowAny, () => ({ inner: { ...broken } }))
    .action("allowing", AllowAny, () => ({ made: allow({ ...SECRET }), file }))
    .action("later", AllowAny, ({ reply }) => {
      reply({ first: deny("no"), file });
      reply({ second: broken, file }, { action: "update" });
    });

  test.each(["nested", "spread", "spread without bytes", "allowing"])("shows no private field: %s", async (action) => {
    const server = await listen((io) => serve(io, holding));
    const client = await open(server);
    const answer = await client.emitWithAck(action);
    expect(JSON.stringify(answer)).not.toMatch(/secret|"error":|causes|evidence/);
    if (action === "nested") expect(answer).toEqual({ all: [{ broken: PUBLIC }, 1], file });
    if (action === "spread") expect(answer).toMatchObject({ code: "directory_down", file });
  });

  test("shows no private field in a later reply", async () => {
    const server = await listen((io) => serve(io, holding));
    const client = await open(server);
    const update = new Promise((resolve) => client.once("update", resolve));
    expect(await client.emitWithAck("later")).toMatchObject({ first: { code: "no" }, file });
    expect(await update).toEqual({ second: PUBLIC, file });
  });

  test("leaves the data of the handler as it is", async () => {
    const data = { broken, list: [broken], file };
    const server = await listen((io) =>
      serve(
        io,
        defineConsumer().action("get", AllowAny, () => data),
      ),
    );
    expect(await (await open(server)).emitWithAck("get")).toMatchObject({ list: [PUBLIC] });
    expect([data.broken, data.list[0]]).toEqual([broken, broken]);
  });
});
