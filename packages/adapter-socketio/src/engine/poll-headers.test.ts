import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { addAnswerHeader } from "@portcullis/core/internal";
import type { Server } from "socket.io";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { ADDED_COOKIES, ADDED_HEADERS } from "../../../../test/helpers.js";
import { type Polled, Poller } from "../../test/polling.js";
import { clientOf, deferred, listen, open, Raw, refusalOf, stopAll, until } from "../../test/support.js";
import { guard } from "../guard.js";
import { HandshakeFacts } from "./handshake-facts.js";
import { PollHeaders } from "./poll-headers.js";

afterEach(stopAll);

/** One boolean per header: true when it was kept. */
const kept: boolean[] = [];
afterEach(() => void kept.splice(0));

function add(request: unknown): void {
  for (const [name, value] of ADDED_HEADERS) kept.push(addAnswerHeader(request, name, value));
  addAnswerHeader(request, "Cache-Control", "public");
}

function policyOf(answer: boolean | (() => Promise<boolean>)) {
  const connect = permission("sets", {
    connect: ({ scope }) => {
      add(scope.request);
      return typeof answer === "boolean" ? answer : answer();
    },
  });
  return definePolicy({ connect, permissions: AllowAny });
}

const guarded = (answer: Parameters<typeof policyOf>[0]) => (io: Server) => void guard(io, policyOf(answer));

describe("headers that a rule adds at connect, on polling", () => {
  test.each([true, false])("are sent once, each cookie separately, if it answers %s", async (answer) => {
    const poller = await Poller.open(await listen(guarded(answer)));
    expect(poller.cookies).toEqual([]);
    const { body } = await poller.connect();
    expect(body).toContain(answer ? "40{" : '"code":"permission_denied","status":403');
    expect(poller.cookies).toEqual(ADDED_COOKIES);
    expect(poller.responses.map(({ headers }) => headers["x-request-id"]).filter(Boolean)).toEqual(["7"]);
    for (const { headers, status } of poller.responses) {
      expect(status).toBe(200);
      expect(headers).not.toHaveProperty("x-injected");
      expect(headers).not.toHaveProperty("x-split");
      expect(headers["cache-control"]).toBe("no-store");
    }
    if (answer) expect((await poller.post("3")).headers).not.toHaveProperty("set-cookie");
  });

  test("come with the answer where the rule takes its time", async () => {
    const asked = deferred<boolean>();
    const later = permission("later", {
      connect: async ({ scope }) => {
        const answer = await asked.promise;
        add(scope.request);
        return answer;
      },
    });
    const running = await listen((io) => void guard(io, definePolicy({ connect: later, permissions: AllowAny })));
    const poller = await Poller.open(running);
    const answer = poller.connect();
    await until(() => poller.responses.length === 2, "the packet was taken");
    expect(poller.cookies).toEqual([]);
    asked.resolve(true);
    expect((await answer).headers["set-cookie"]).toEqual(ADDED_COOKIES);
  });

  test("may come from authenticate, and go out with its refusal", async () => {
    const running = await listen((io) => {
      guard(io, definePolicy({ connect: AllowAny, permissions: AllowAny }), {
        authenticate: ({ request }) => {
          addAnswerHeader(request, "Set-Cookie", "seen=1");
          throw new Error("a fault");
        },
        onDecision: () => {},
      });
    });
    const poller = await Poller.open(running);
    expect((await poller.connect()).body).toContain("permission_error");
    expect(poller.cookies).toEqual(["seen=1"]);
  });

  test("are added to the cookies of engine.io and the application", async () => {
    const running = await listen((io) => {
      guarded(true)(io);
      io.engine.use(
        (_request: unknown, response: { setHeader(name: string, value: string): void }, next: () => void) => {
          response.setHeader("SET-COOKIE", "from=middleware");
          next();
        },
      );
    });
    const poller = await Poller.open(running);
    await poller.connect();
    const both = ({ headers }: Polled) => headers["set-cookie"]?.includes("b=2");
    expect(poller.responses.find(both)?.headers["set-cookie"]).toEqual(["from=middleware", ...ADDED_COOKIES]);

    const other = await listen((io) => {
      guarded(true)(io);
      io.engine.on("headers", (headers: Record<string, string>) => {
        headers["set-COOKIE"] = "from=listener";
        headers["X-REQUEST-ID"] = "own";
      });
    });
    const second = await Poller.open(other);
    await second.connect();
    expect(second.responses.find(both)?.headers["set-cookie"]).toEqual(["from=listener", ...ADDED_COOKIES]);
    expect(new Set(second.responses.map(({ headers }) => headers["x-request-id"]))).toEqual(new Set(["own"]));
  });

  test("of two namespaces are all sent, to their client only", async () => {
    const asked = new Map<string, ReturnType<typeof deferred<boolean>>>();
    const named = permission("named", {
      connect: async ({ scope }) => {
        addAnswerHeader(scope.request, "Set-Cookie", `before=${scope.path}`);
        const answer = deferred<boolean>();
        asked.set(scope.path, answer);
        const value = await answer.promise;
        addAnswerHeader(scope.request, "Set-Cookie", `after=${scope.path}`);
        return value;
      },
    });
    const running = await listen((io) => {
      io.of("/a");
      io.of("/b");
      guard(io, definePolicy({ connect: named, permissions: AllowAny }));
    });
    const [poller, bystander] = [await Poller.open(running), await Poller.open(running)];
    const waiting = poller.poll();
    await poller.post("40/a,");
    await poller.post("40/b,");
    await until(() => asked.size === 2);
    asked.get("/a")?.resolve(false);
    await waiting;
    asked.get("/b")?.resolve(true);
    await poller.poll();
    expect(poller.cookies.sort()).toEqual(["after=/a", "after=/b", "before=/a", "before=/b"]);
    await bystander.post("3");
    expect(bystander.cookies).toEqual([]);
  });

  test("are limited, and none is kept after the decision", async () => {
    const many = permission("many", {
      connect: ({ scope }) => {
        for (let index = 0; index < 100; index++) addAnswerHeader(scope.request, "Set-Cookie", `c${index}=1`);
        return true;
      },
    });
    const running = await listen((io) => {
      for (let index = 0; index < 20; index++) io.of(`/${index}`);
      guard(io, definePolicy({ connect: many, permissions: AllowAny }));
    });
    const poller = await Poller.open(running);
    await poller.post(Array.from({ length: 20 }, (_, index) => `40/${index},`).join("\x1e"));
    await poller.poll();
    expect(poller.cookies.length).toBeGreaterThanOrEqual(64);
    for (const { headers } of poller.responses) expect(headers["set-cookie"]?.length ?? 0).toBeLessThanOrEqual(64);
    await poller.post("3");
    const [socket] = running.io.of("/1").sockets.values();
    expect(addAnswerHeader(socket?.request, "Set-Cookie", "late=1")).toBe(false);
  });

  test("reach a client of socket.io, which sends the cookies back", async () => {
    const running = await listen(guarded(true));
    const sent: (string | undefined)[] = [];
    running.io.engine.on("headers", (_headers: unknown, request: IncomingMessage) => sent.push(request.headers.cookie));
    const client = await open(running, "/", { transports: ["polling"], withCredentials: true });
    client.emit("anything");
    await until(() => sent.some((cookie) => cookie?.includes("a=1; b=2; c=3, d")), "the cookies come back");
  });

  test("are sent with the next response, beside the application's own", async () => {
    const running = await listen(guarded(true));
    running.io.engine.use(
      (request: IncomingMessage, response: { setHeader(name: string, value: string): void }, next: () => void) => {
        response.setHeader("Set-Cookie", `from=${request.method}`);
        next();
      },
    );
    const poller = await Poller.open(running);
    const post = await poller.post("40");
    await until(() => running.io.sockets.sockets.size === 1);
    const next = await poller.post("3");
    expect([post.headers["set-cookie"], next.headers["set-cookie"]]).toEqual([
      ["from=POST"],
      ["from=POST", ...ADDED_COOKIES],
    ]);
    expect((await poller.poll()).headers["set-cookie"]).toEqual(["from=GET"]);
  });
});

describe("a connection that", () => {
  /** A fake polling connection, driven by hand. */
  function make(res: object | null) {
    const transport = Object.assign(new EventEmitter(), { name: "polling", res });
    const connection = Object.assign(new EventEmitter(), { transport, request: {} });
    new PollHeaders(connection as never, HandshakeFacts.of(connection as never)).open();
    expect(addAnswerHeader(connection.request, "Set-Cookie", "a=1")).toBe(true);
    return { transport, connection };
  }

  test.each([
    ["makes one line of a list, as that of a server of uWebSockets.js,", { writeHeader: () => {} }],
    ["shows no response", null],
  ])("%s is given none", (_what, res) => {
    const { transport } = make(res);
    const headers = {};
    transport.emit("headers", headers, {});
    expect(headers).toEqual({});
  });

  test("is upgraded during the decision keeps no headers", () => {
    const { transport, connection } = make({ getHeader: () => undefined });
    connection.emit("upgrade");
    for (let time = 0; time < 2; time++) {
      const headers = {};
      transport.emit("headers", headers, {});
      expect([headers, addAnswerHeader(connection.request, "Set-Cookie", "b=2")]).toEqual([{}, false]);
    }
  });
});

describe("headers that a rule adds at connect, where there is a WebSocket", () => {
  test.each([true, false])("are neither kept nor sent if it answers %s", async (answer) => {
    const running = await listen(guarded(answer));
    const raw = new Raw(running);
    const upgraded = deferred<IncomingMessage>();
    raw.socket.on("upgrade", (response) => upgraded.resolve(response));
    await raw.send("40");
    expect(await raw.packet("4")).toContain(answer ? "40{" : "permission_denied");
    expect(kept).toEqual(ADDED_HEADERS.map(() => false));
    const { headers } = await upgraded.promise;
    expect(Object.keys(headers).sort()).toEqual(["connection", "sec-websocket-accept", "upgrade"]);
  });

  test("go out before the upgrade, and none with its 101", async () => {
    const running = await listen(guarded(true));
    const poller = await Poller.open(running);
    const upgraded = deferred<IncomingMessage>();
    const packets: string[] = [];
    const poll = poller.poll();
    await poller.post("40");
    const socket = new WebSocket(`ws://${poller.url.replace("transport=polling", "transport=websocket")}`);
    socket.on("upgrade", (response) => upgraded.resolve(response));
    socket.on("message", (data) => void packets.push(String(data)));
    socket.on("open", () => socket.send("2probe"));
    await poll;
    await until(() => packets.includes("3probe"));
    socket.send("5");
    expect((await upgraded.promise).headers).not.toHaveProperty("set-cookie");
    expect(poller.cookies).toEqual(ADDED_COOKIES);
    socket.terminate();
  });

  test("are dropped if the upgrade precedes the decision", async () => {
    const asked = deferred<boolean>();
    const added: boolean[] = [];
    const slow = permission("slow", {
      connect: async ({ scope }) => {
        const answer = await asked.promise;
        added.push(addAnswerHeader(scope.request, "Set-Cookie", "late=1"));
        return answer;
      },
    });
    const running = await listen((io) => void guard(io, definePolicy({ connect: slow, permissions: AllowAny })));
    const upgraded = deferred<unknown>();
    running.io.engine.on("connection", (connection: EventEmitter) => connection.once("upgrade", upgraded.resolve));
    const client = clientOf(running, "/", { transports: ["polling", "websocket"] });
    await upgraded.promise;
    asked.resolve(true);
    await until(() => client.connected);
    expect(added).toEqual([false]);
  });

  test("a real client is admitted with an upgrade, or refused", async () => {
    const running = await listen(guarded(true));
    const client = await open(running, "/", { transports: ["polling", "websocket"] });
    await until(() => client.io.engine.transport.name === "websocket", "upgraded");
    expect(client.connected).toBe(true);
    for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
      const { data } = await refusalOf(await listen(guarded(false)), "/", { transports });
      expect(data).toEqual({ code: "permission_denied", status: 403, reason: expect.any(String), retry: "never" });
    }
  });
});
