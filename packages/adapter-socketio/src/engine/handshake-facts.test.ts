import { createServer, type IncomingMessage } from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { AllowAny, definePolicy, PermissionMisuse, permission } from "@portcullis/core";
import { addAnswerHeader } from "@portcullis/core/internal";
import fc from "fast-check";
import { Server } from "socket.io";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Poller } from "../../test/polling.js";
import { clientOf, listen, open, type Running, refusalOf, stopAll, uncaughtOf, until } from "../../test/support.js";
import { guard } from "../guard.js";
import type { SocketScope } from "../namespace/scope.js";
import { HandshakeFacts, unknownHandshake } from "./handshake-facts.js";

afterEach(stopAll);

interface Raw {
  request: { headers: Record<string, unknown> } | null;
}

const all = definePolicy({ permissions: AllowAny });

/** Ways in which applications drop the request of an engine.io connection to save memory. */
const LETTING_GO = {
  "take the request away": (raw: Raw) => {
    raw.request = null;
  },
  "empty its headers and take it away": (raw: Raw) => {
    for (const name of Object.keys(raw.request?.headers ?? {})) delete raw.request?.headers[name];
    raw.request = null;
  },
  "empty its headers": (raw: Raw) => {
    for (const name of Object.keys(raw.request?.headers ?? {})) delete raw.request?.headers[name];
  },
};

/** A rule that records the scopes of its evaluations. */
function looking(scopes: SocketScope[]) {
  const look = ({ scope }: { scope: unknown }) => scopes.push(scope as SocketScope) > 0;
  return permission("look", { connect: look, action: look });
}

/** The places of their listener. */
const PLACES: Record<string, (io: Server, put: () => void, listener: (raw: Raw) => void) => void> = {
  "before the guard": (io, put, listener) => {
    io.engine.on("connection", listener);
    put();
  },
  "behind the guard": (io, put, listener) => {
    put();
    io.engine.on("connection", listener);
  },
  "before all that is there": (io, put, listener) => {
    put();
    io.engine.prependListener("connection", listener);
  },
};

const CASES = Object.entries(LETTING_GO).flatMap(([what, letGo]) =>
  Object.entries(PLACES).flatMap(([where, place]) =>
    ["polling", "websocket"].map((transport) => ({ what, where, transport, letGo, place })),
  ),
);

describe.each(CASES)("listeners $where that $what, over $transport", ({ letGo, place, transport }) => {
  const transports = [transport];

  test("open to no page of another origin", async () => {
    const server = await listen((io) => place(io, () => guard(io, all), letGo));
    const extraHeaders = { origin: "https://evil.example", cookie: "session=ann" };
    expect((await refusalOf(server, "/", { transports, extraHeaders })).data?.code).toBe("origin_not_allowed");
    const fetched = { cookie: "session=ann", "sec-fetch-site": "cross-site" };
    expect((await refusalOf(server, "/", { transports, extraHeaders: fetched })).data?.code).toBe("origin_not_allowed");
    expect((await refusalOf(server, "/", { transports, extraHeaders: { cookie: "a=1" } })).data?.code).toBe(
      "origin_not_allowed",
    );
  });

  test("let their own page in, whose scope is whole", async () => {
    const scopes: SocketScope[] = [];
    const look = looking(scopes);
    const server = await listen((io) => place(io, () => guard(io, definePolicy({ permissions: look })), letGo));
    const origin = `http://127.0.0.1:${server.port}`;
    const extraHeaders = { origin, cookie: "session=ann", "x-mixed": "Yes" };
    await uncaughtOf(async (thrown) => {
      const client = await open(server, "/", { transports, extraHeaders, query: { room: "lobby" } });
      client.emit("say");
      await until(() => scopes.length === 2);
      await server.io.close();
      expect(thrown).toEqual([]);
    });
    for (const scope of scopes) {
      expect(scope).toMatchObject({
        origin,
        secure: false,
        query: { room: "lobby", transport },
        cookies: { session: "ann" },
        headers: { "x-mixed": "Yes" },
        remoteAddress: expect.stringMatching(/127\.0\.0\.1$/),
      });
      expect(scope.request.url).toMatch(/^\/socket\.io\/\?.*room=lobby/);
    }
  });
});

test("what stands in for a request has what is known of it", async () => {
  const scopes: SocketScope[] = [];
  const look = looking(scopes);
  const server = await listen((io) => {
    guard(io, definePolicy({ permissions: look }));
    io.engine.on("connection", LETTING_GO["take the request away"]);
  });
  await open(server, "/", { extraHeaders: { "x-mixed": "Yes" } });
  expect(scopes[0]?.request).toMatchObject({
    method: "GET",
    url: expect.stringContaining("/socket.io/?EIO=4"),
    headers: { "x-mixed": "Yes" },
    socket: { remoteAddress: expect.stringMatching(/127\.0\.0\.1$/), encrypted: false },
  });
});

test("engines that are bound or attached later are met first too", async () => {
  const server = await listen((io) => guard(io, all));
  const http = createServer();
  server.io.attach(http);
  server.io.engine.on("connection", LETTING_GO["take the request away"]);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const later = { io: server.io, port: (http.address() as { port: number }).port };
  const extraHeaders = { origin: "https://evil.example", cookie: "session=ann" };
  expect((await refusalOf(later, "/", { extraHeaders })).data?.code).toBe("origin_not_allowed");
  expect((await open(later)).connected).toBe(true);
  http.closeAllConnections();
  http.close();
});

test("headers of rules reach a polling client without its request", async () => {
  const kept: boolean[] = [];
  const adding = permission("adding", {
    connect: ({ scope }) => kept.push(addAnswerHeader(scope.request, "Set-Cookie", "a=1")) > 0,
  });
  const server = await listen((io) => {
    guard(io, definePolicy({ connect: adding, permissions: AllowAny }));
    io.engine.on("connection", LETTING_GO["take the request away"]);
  });
  await uncaughtOf(async (thrown) => {
    const poller = await Poller.open(server);
    expect((await poller.connect()).body).toContain("40{");
    expect([kept, poller.cookies, thrown]).toEqual([[true], ["a=1"], []]);
  });
});

test("headers are sent where the request goes while a rule answers", async () => {
  const added: boolean[] = [];
  const raws: Raw[] = [];
  const adding = permission("adding", {
    connect: async ({ scope }) => {
      added.push(addAnswerHeader(scope.request, "Set-Cookie", "early=1"));
      for (const raw of raws) raw.request = null;
      added.push(addAnswerHeader(scope.request, "Set-Cookie", "late=1"));
      return true;
    },
  });
  const server = await listen((io) => {
    guard(io, definePolicy({ connect: adding, permissions: AllowAny }));
    io.engine.on("connection", (raw: Raw) => raws.push(raw));
  });
  const poller = await Poller.open(server);
  expect((await poller.connect()).body).toContain("40{");
  expect(poller.cookies).toEqual(["early=1", "late=1"].filter((_cookie, index) => added[index]));
  expect(added[0]).toBe(true);
});

describe("a connection whose request was gone before the guard was there", () => {
  /** A server that is in use before it is guarded, with a client outside all namespaces. */
  async function late(running: Running, options = {}) {
    const poller = await Poller.open(running, { cookie: "session=ann" });
    const onDecision = vi.fn();
    guard(running.io, all, { onDecision, ...options });
    return { answer: await poller.connect(), onDecision };
  }

  test.each([undefined, [null]])("is refused, with origins %j, and says what to do", async (origins) => {
    const running = await listen((io) => io.engine.on("connection", LETTING_GO["take the request away"]));
    const { answer, onDecision } = await late(running, origins && { origins });
    expect(answer.body).toContain('"code":"handshake_unknown","status":500');
    const [event] = onDecision.mock.calls.flat();
    expect(event.decision.error).toBeInstanceOf(PermissionMisuse);
    expect(event.decision.error.message).toContain("guard the server before its first connection");
  });

  test("is judged where the request is still there", async () => {
    const { answer } = await late(await listen());
    expect(answer.body).toContain('"code":"origin_not_allowed"');
  });
});

test("a connection that never had a request, as over WebTransport, is refused", async () => {
  const server = await listen((io) => {
    io.engine.prependListener("connection", LETTING_GO["take the request away"]);
    guard(io, all, { onDecision: () => {}, origins: [null] });
    const { emit } = io.engine;
    io.engine.emit = function before(event: string, ...values: unknown[]) {
      if (event === "connection") (values[0] as Raw).request = null;
      return emit.call(this, event, ...values);
    };
  });
  expect((await refusalOf(server)).data?.code).toBe("handshake_unknown");
});

test("an engine that cannot emit is listened to", () => {
  const io = new Server();
  guard(io, all);
  const heard: unknown[] = [];
  io.bind({ on: (event: string) => heard.push(event), close: () => {} });
  io.bind({ on: (event: string) => heard.push(event), close: () => {} });
  expect(heard).toEqual(["connection", "connection", "connection", "connection"]);
});

test("an engine that is bound twice is met once", () => {
  const io = new Server();
  guard(io, all);
  const engine = { on: vi.fn(), emit: vi.fn(), close: () => {} };
  io.bind(engine);
  const { emit } = engine;
  io.bind(engine);
  expect(engine.emit).toBe(emit);
});

test("any request can be read without an error", () => {
  const revoked = () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  };
  const throwing = {
    get headers() {
      throw new Error("gone");
    },
  };
  const odd = fc.oneof(
    fc.anything().map((value) => () => value),
    fc.constantFrom(() => throwing, revoked),
  );
  const requests = fc.oneof(
    odd,
    fc
      .record({ url: odd, headers: odd, socket: odd, connection: odd })
      .map((makes) => () => Object.fromEntries(Object.entries(makes).map(([name, make]) => [name, make()]))),
  );
  fc.assert(
    fc.property(requests, (make) => {
      const facts = HandshakeFacts.of({ request: make() } as never);
      expect(typeof facts.url).toBe("string");
      expect(typeof facts.headers).toBe("object");
      expect(typeof facts.socket.encrypted).toBe("boolean");
    }),
  );
});

describe("a request that was let go of is freed", () => {
  test.each(["polling", "websocket"])("over %s, while its client is in", async (transport) => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const requests: WeakRef<object>[] = [];
    const server = await listen((io) => {
      guard(io, all);
      io.engine.on("connection", (raw: Raw & { request: IncomingMessage | null }) => {
        const { socket } = raw.request as IncomingMessage;
        // engine.io itself holds the request of an upgrade until its socket is closed.
        for (const listener of socket.listeners("close")) {
          if (String(listener).includes("this.emit")) socket.off("close", listener as () => void);
        }
        requests.push(new WeakRef(raw.request as object));
        raw.request = null;
      });
      io.on("connection", (socket) => socket.on("say", (answer) => answer("heard")));
    });
    const client = clientOf(server, "/", { transports: [transport] });
    expect(await client.emitWithAck("say")).toBe("heard");
    await until(() => {
      collect();
      return requests.every((request) => request.deref() === undefined);
    }, "the request is freed");
    expect([requests.length, await client.emitWithAck("say")]).toEqual([1, "heard"]);
  });
});

test("a request without a URL has an empty one", () => {
  expect(HandshakeFacts.of({ request: { headers: {} } } as never)).toMatchObject({ isKnown: true, url: "" });
});

test("a request without headers is not known", () => {
  expect(HandshakeFacts.of({ request: { url: "/" } } as never)).toMatchObject({ isKnown: false, url: "" });
});

test("the refusal of an unknown request says what is not known", () => {
  const reason = "It is not known where this connection comes from.";
  expect(unknownHandshake()).toMatchObject({ code: "handshake_unknown", status: 500, reason });
});
