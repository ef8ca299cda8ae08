import { AllowAny, definePolicy, permission } from "@portcullis/core";
import * as msgpack from "socket.io-msgpack-parser";
import { afterEach, describe, expect, test, vi } from "vitest";
import { clientOf, listen, only, open, simplePolicy, stopAll, uncaughtOf, until } from "../test/support.js";
import { guard } from "./guard.js";

afterEach(stopAll);

const WAYS = [
  { what: "polling", options: { transports: ["polling"] as const } },
  { what: "websocket", options: { transports: ["websocket"] as const } },
  { what: "websocket and msgpack", options: { transports: ["websocket"] as const, parser: msgpack } },
].map(({ what, options }) => ({ what, options: { ...options, transports: [...options.transports] } }));

describe.each(WAYS)("what goes on working: $what", ({ options }) => {
  test("arguments, binary ones too, and acknowledgements reach the listener unchanged", async () => {
    const bytes = Buffer.from([0, 1, 2, 255]);
    const payloads: unknown[] = [];
    const look = permission("look", ({ payload }) => payloads.push(payload) > 0);
    const heard: unknown[] = [];
    const server = await listen((io) => {
      guard(io, definePolicy({ permissions: look }));
      io.on("connection", (socket) =>
        socket.on("say", (...args) => {
          const answer = args.pop();
          heard.push(args);
          answer(...args);
        }),
      );
    }, options);
    const client = await open(server, "/", options);
    const events = [[{ to: "ann", file: bytes }, "more", 7], [bytes], ["text", { a: 1 }], [[1, 2]], [null], []];
    for (const args of events) {
      const answer = await new Promise((resolve) => client.emit("say", ...args, (...all: unknown[]) => resolve(all)));
      expect(answer).toEqual(args);
    }
    expect(heard).toEqual(events);
    const [first, ...others] = events;
    expect(payloads).toEqual([first?.[0], ...others.slice(0, -1).map((args) => ({ args })), {}]);
  });

  test("no event whose first argument has a key `args`", async () => {
    const heard = vi.fn();
    const server = await listen((io) => {
      guard(io, simplePolicy());
      io.on("connection", (socket) => socket.on("ping", heard));
    }, options);
    const client = await open(server, "/", options);
    const answers = [];
    for (const more of [[], [{ room: "vault" }]])
      answers.push(await client.timeout(2_000).emitWithAck("ping", { args: ["lobby"], room: "vault" }, ...more));
    expect(answers.map(({ error }) => error.code)).toEqual(["bad_message", "bad_message"]);
    expect(heard).not.toHaveBeenCalled();
  });

  test("what the server asks its clients, volatile events, timeouts and rooms", async () => {
    const server = await listen((io) => {
      guard(io, simplePolicy());
      io.on("connection", (socket) => socket.join("room"));
    }, options);
    const client = await open(server, "/", options);
    client.on("question", (n, answer) => n > 0 && answer(n + 1));
    const got = vi.fn();
    client.on("news", got);
    const socket = only(server.io);
    expect(await socket.emitWithAck("question", 1)).toBe(2);
    await expect(socket.timeout(30).emitWithAck("question", 0)).rejects.toThrow("timed out");
    expect(await server.io.timeout(500).to("room").emitWithAck("question", 4)).toEqual([5]);
    socket.volatile.emit("news", "volatile");
    await until(() => got.mock.calls.length === 1);
    client.volatile.emit("secret");
    await new Promise<void>((resolve) => client.once("permission_denied", () => resolve()));
  });
});

test("events of an upgraded client pass the same gate", async () => {
  const server = await listen((io) => {
    guard(io, simplePolicy());
    io.on("connection", (socket) => socket.on("ping", (answer) => answer("pong")));
  });
  const client = clientOf(server, "/", { transports: ["polling", "websocket"] });
  const upgraded = new Promise((resolve) => client.io.on("open", () => client.io.engine.once("upgrade", resolve)));
  await new Promise<void>((resolve) => client.once("connect", resolve));
  expect(only(server.io).handshake.query.transport).toBe("polling");
  expect(await client.emitWithAck("secret")).toMatchObject({ error: { status: 403 } });
  await upgraded;
  await until(() => only(server.io).conn.transport.name === "websocket");
  expect(await client.emitWithAck("secret")).toMatchObject({ error: { status: 403 } });
  expect(await client.emitWithAck("ping")).toBe("pong");
});

test("middlewares of the engine run, and may refuse", async () => {
  const server = await listen((io) => {
    guard(io, simplePolicy(), { authenticate: ({ request }) => ({ user: (request as never as { who: object }).who }) });
  });
  server.io.engine.use(
    (
      request: { who?: object; headers: object },
      response: { writeHead(n: number): void; end(): void },
      next: () => void,
    ) => {
      request.who = { id: 1 };
      if ("x-bad" in request.headers) {
        response.writeHead(400);
        response.end();
      } else next();
    },
  );
  await open(server);
  await expect(open(server, "/", { transports: ["polling"], extraHeaders: { "x-bad": "1" } })).rejects.toThrow(
    "xhr poll error",
  );
});

describe("msgpack, which does not look at what it decodes", () => {
  const options = { parser: msgpack };

  test("names that are no names are no messages", async () => {
    const heard = vi.fn();
    const server = await listen((io) => {
      guard(io, definePolicy({ permissions: AllowAny }), { limits: { undecodable: 20 } });
      io.on("connection", (socket) => socket.onAny(heard).on("disconnect", heard).on("error", heard));
    }, options);
    const client = await open(server, "/", options);
    const refused: unknown[] = [];
    client.on("permission_denied", ({ error }) => refused.push(error.code));
    const events = [
      [],
      [null],
      [["error"]],
      [{ error: 1 }],
      [true],
      ["disconnect"],
      ["connect"],
      ["newListener"],
      ["error"],
    ];
    for (const data of events) client.io._packet({ type: 2, data, nsp: "/" } as never);
    await until(() => refused.length === events.length);
    expect(refused).toEqual(["missing_action", ...Array(events.length - 1).fill("bad_message")]);
    expect(heard).not.toHaveBeenCalled();
  });
});

describe("`payload`", () => {
  test("makes what rules see; listeners get the arguments unchanged", async () => {
    const seen: unknown[] = [];
    const heard = vi.fn();
    const look = permission("look", ({ payload }) => seen.push(payload) > 0);
    const server = await listen((io) => {
      guard(io, definePolicy({ permissions: look }), {
        payload: (event, args) => (event === "join" ? { room: args[0], count: args.length } : {}),
      });
      io.on("connection", (socket) => socket.on("join", heard));
    });
    const client = await open(server);
    client.emit("join", "lobby", { quiet: true }, () => {});
    await until(() => heard.mock.calls.length === 1);
    expect(seen).toEqual([{ room: "lobby", count: 2 }]);
    expect(heard).toHaveBeenCalledWith("lobby", { quiet: true }, expect.any(Function));
  });

  test("what it throws, or answers wrongly, is a fault, and an event", async () => {
    for (const answer of ["no", undefined, [], Promise.resolve({}), new Error("thrown")]) {
      const onDecision = vi.fn();
      const server = await listen((io) =>
        guard(io, simplePolicy(), {
          onDecision,
          payload: () => {
            if (answer instanceof Error) throw answer;
            return answer as never;
          },
        }),
      );
      expect(await (await open(server)).emitWithAck("ping")).toMatchObject({ error: { code: "permission_error" } });
      expect(onDecision.mock.calls.at(-1)?.[0].decision.error).toBeInstanceOf(Error);
    }
  });

  test("its rejection does not end the process", async () => {
    await uncaughtOf(async (thrown) => {
      const late = async () => Promise.reject(new Error("too late"));
      const server = await listen((io) => guard(io, simplePolicy(), { payload: late as never }));
      expect(await (await open(server)).emitWithAck("ping")).toMatchObject({ error: { code: "permission_error" } });
      expect(thrown).toEqual([]);
    });
  });
});
