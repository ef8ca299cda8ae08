import { definePolicy, permission } from "@portcullis/core";
import { afterEach, expect, test, vi } from "vitest";
import { listen, open, refusalOf, stopAll, until } from "../../test/support.js";
import { HandshakeFacts } from "../engine/handshake-facts.js";
import { guard } from "../guard.js";
import { NamespaceHandshake, NamespaceScope, type SocketScope } from "./scope.js";

afterEach(stopAll);

test.each(["polling", "websocket"])("is read from the handshake, with %s", async (transport) => {
  const scopes: SocketScope[] = [];
  const look = permission("look", {
    connect: ({ scope, message }) => scopes.push(scope as never, message as never) > 0,
  });
  const server = await listen((io) => {
    io.of("/chat");
    guard(io, definePolicy({ permissions: look }), {
      authenticate: ({ handshake }) => ({ user: { token: handshake.auth.token }, tenant: "a" }),
      origins: ["https://app.example"],
    });
    io.of("/chat").use((socket, next) => {
      Object.assign(socket.request, { session: { id: 7 } });
      next();
    });
  });
  const before = Date.now();
  await open(server, "/chat", {
    transports: [transport],
    auth: { token: "ann" },
    query: { room: "lobby" },
    extraHeaders: { "X-Mixed": "Yes", cookie: "a=1; b=2", origin: "https://app.example" },
  });
  const [scope, message] = scopes;
  expect(message).toEqual({ token: "ann" });
  expect(scope).toMatchObject({
    transport: "socket.io",
    path: "/chat",
    namespace: "/chat",
    query: { room: "lobby", EIO: "4", transport },
    headers: { "x-mixed": "Yes" },
    cookies: { a: "1", b: "2" },
    origin: "https://app.example",
    remoteAddress: expect.stringMatching(/127\.0\.0\.1$/),
    secure: false,
    auth: { token: "ann" },
    user: { token: "ann" },
    tenant: "a",
    request: { session: { id: 7 } },
  });
  expect(Object.getPrototypeOf(scope?.headers)).toBeNull();
  expect(scope?.connectedAt).toBeGreaterThanOrEqual(before);
});

test("what the namespace knows cannot be replaced by `authenticate`", async () => {
  for (const key of ["namespace", "auth", "path"]) {
    const server = await listen((io) =>
      guard(io, definePolicy({ permissions: permission("any", () => true) }), {
        authenticate: () => ({ [key]: "forged" }),
        onDecision: () => {},
      }),
    );
    expect((await refusalOf(server)).data?.code).toBe("permission_error");
  }
});

test("what the client gave as `auth` is data", async () => {
  const auth = JSON.parse('{"__proto__":{"isAdmin":true},"user":{"id":1}}');
  const scopes: SocketScope[] = [];
  const look = permission("look", { connect: ({ scope }) => scopes.push(scope as SocketScope) > 0 });
  const server = await listen((io) => guard(io, definePolicy({ permissions: look })));
  await open(server, "/", { auth });
  const [scope] = scopes;
  expect(scope?.user).toBeNull();
  expect((scope as unknown as { isAdmin: unknown }).isAdmin).toBeUndefined();
});

test("works without a request, as with WebTransport", () => {
  const knocking = {
    nsp: { name: "/" },
    handshake: { headers: {}, auth: {}, address: undefined, secure: true, issued: 1, query: {} },
    request: null,
  };
  const facts = HandshakeFacts.of({ request: null } as never);
  const knock = new NamespaceHandshake(knocking as never, facts);
  expect(knock.url).toBe("");
  const scope = new NamespaceScope(knock, { user: null });
  expect([scope.origin, scope.cookies, scope.query, scope.subprotocols]).toEqual([undefined, {}, {}, []]);
  expect([scope.secure, scope.request, scope.remoteAddress]).toEqual([false, facts, undefined]);
});

test("`raw` of the consumer is the socket, once it is open", async () => {
  const raws: unknown[] = [];
  const look = permission("look", {
    connect: ({ consumer }) => raws.push(consumer.raw) > 0,
    action: ({ consumer }) => raws.push(consumer.raw) > 0,
  });
  const opened = vi.fn();
  const server = await listen((io) => {
    guard(io, definePolicy({ permissions: look }));
    io.on("connection", opened);
  });
  (await open(server)).emit("say");
  await until(() => raws.length === 2);
  expect(raws).toEqual([undefined, opened.mock.calls[0]?.[0]]);
});
