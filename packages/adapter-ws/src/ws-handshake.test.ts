import type { IncomingMessage } from "node:http";
import type { DecisionEvent } from "@portcullis/core";
import { AllowAny, definePolicy, IsAuthenticated } from "@portcullis/core";
import { HandshakeScope } from "@portcullis/core/adapter";
import { afterEach, describe, expect, test } from "vitest";
import { Client, knock, start, stopAll, until } from "../test/support.js";
import { WsHandshake } from "./ws-handshake.js";

afterEach(stopAll);

const made = (request: object) =>
  new HandshakeScope(new WsHandshake({ headers: {}, socket: {}, ...request } as IncomingMessage), { user: null });

describe("the scope of a connection", () => {
  test("has the facts of its handshake", async () => {
    const { url, session } = await start({ options: { authenticate: () => ({ user: { id: 1 }, tenant: "a" }) } });
    const before = Date.now();
    const headers = { "X-Mixed": "Yes", cookie: "a=1; b=2" };
    await Client.open(`${url}rooms/1?x=1&y=2&x=3`, { headers, origin: url.replace("ws", "http").slice(0, -1) }, ["v1"]);
    const { scope } = session();
    expect(scope).toMatchObject({
      transport: "ws",
      path: "/rooms/1",
      query: { x: ["1", "3"], y: "2" },
      headers: { "x-mixed": "Yes", upgrade: "websocket" },
      cookies: { a: "1", b: "2" },
      origin: url.replace("ws", "http").slice(0, -1),
      remoteAddress: expect.stringMatching(/127\.0\.0\.1$/),
      secure: false,
      subprotocols: ["v1"],
      user: { id: 1 },
      tenant: "a",
    });
    expect(scope.connectedAt).toBeGreaterThanOrEqual(before);
    expect((scope.request as IncomingMessage).url).toBe("/rooms/1?x=1&y=2&x=3");
  });

  test("remains after the connection is closed", async () => {
    const { url, session, guard } = await start();
    const client = await Client.open(url);
    const { scope } = session();
    client.socket.terminate();
    await until(() => guard.sessions.size === 0);
    expect(scope.remoteAddress).toMatch(/127\.0\.0\.1$/);
  });

  test("is anonymous without `authenticate`", async () => {
    const { url, session } = await start({ options: { authenticate: () => undefined } });
    await Client.open(url);
    expect(session().scope.user).toBeNull();
  });

  test("refuses with 500 when `authenticate` replaces base fields", async () => {
    const events: DecisionEvent[] = [];
    const policy = definePolicy({ connect: IsAuthenticated, permissions: AllowAny });
    const { port } = await start({
      policy,
      options: { authenticate: () => ({ user: {}, headers: {} }), onDecision: (event) => void events.push(event) },
    });
    expect((await knock(port)).status).toBe(500);
    expect(String(events[0]?.decision.error)).toContain("authenticate() returned `headers`");
  });
});

describe("a scope", () => {
  test.each([
    [undefined, "/", {}],
    ["/a/b", "/a/b", {}],
    ["/a?", "/a", {}],
    ["/a?b=c?d&e", "/a", { b: "c?d", e: "" }],
    ["/%61?a=%20+%zz", "/%61", { a: "  %zz" }],
    ["/?a=1&a=2&a=3", "/", { a: ["1", "2", "3"] }],
  ])("reads the address %j", (url, path, query) => {
    const scope = made({ url });
    expect([scope.path, { ...scope.query }]).toEqual([path, query]);
  });

  test("is secure on an encrypted connection", () => {
    expect(made({ socket: { encrypted: true } }).secure).toBe(true);
    expect(made({}).secure).toBe(false);
  });
});
