import { AllowAny, definePolicy, deny, fault, PermissionDenied, permission } from "@portcullis/core";
import { addAnswerHeader } from "@portcullis/core/internal";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { Client, closeFrame, frame, knock, sleep, start, stopAll, Tcp, until } from "../test/support.js";
import { guard, type WsGuardOptions } from "./index.js";

afterEach(stopAll);

/** A server that refuses every client in the same way. */
function refusing(answer: () => unknown, options: WsGuardOptions = {}) {
  const rule = permission("door", { connect: answer as () => boolean });
  return start({ policy: definePolicy({ connect: rule, permissions: AllowAny }), options });
}

describe("a refusal before the upgrade", () => {
  test("holds only the public refusal, as JSON", async () => {
    const { port } = await refusing(() => deny("room_full", { status: 409, reason: "Come back later" }));
    const { status, headers, body } = await knock(port);
    expect(status).toBe(409);
    expect(headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(JSON.parse(body)).toEqual({
      error: { code: "room_full", status: 409, reason: "Come back later", retry: "never" },
    });
  });

  test.each([
    ["a denial", () => false, 403, "permission_denied"],
    ["a fault", () => fault("directory_down"), 500, "directory_down"],
    [
      "a throw",
      () => {
        throw new Error("secret");
      },
      500,
      "permission_error",
    ],
    ["no answer", () => undefined, 500, "permission_error"],
    [
      "a thrown PermissionDenied",
      () => {
        throw new PermissionDenied("closed", { status: 410 });
      },
      410,
      "closed",
    ],
  ])("has the status of %s", async (_what, answer, status, code) => {
    const { port } = await refusing(answer, { onDecision: () => {} });
    const refused = await knock(port);
    expect([refused.status, JSON.parse(refused.body).error.code]).toEqual([status, code]);
    expect(refused.body).not.toContain("secret");
    expect(refused.headers["www-authenticate"]).toBeUndefined();
  });

  test("asks for a bearer token by default", async () => {
    const { port } = await refusing(() => deny("not_authenticated"));
    expect(await knock(port)).toMatchObject({ status: 401, headers: { "www-authenticate": "Bearer" } });
  });

  test("asks for credentials as the option and the rule define", async () => {
    const option = await refusing(() => deny("not_authenticated"), { challenge: 'Basic realm="app"' });
    expect((await knock(option.port)).headers["www-authenticate"]).toBe('Basic realm="app"');
    const rule = await refusing(() => deny("not_authenticated", { headers: { "www-authenticate": "Negotiate" } }));
    expect((await knock(rule.port)).headers["www-authenticate"]).toBe("Negotiate");
  });

  test("holds `Retry-After` in whole seconds", async () => {
    const { port } = await refusing(() => fault("rate_limited", { retryAfter: 1.2 }));
    expect(await knock(port)).toMatchObject({ status: 429, headers: { "retry-after": "2" } });
  });

  test("sends a header of the rule once", async () => {
    const headers = { "retry-after": "9", "X-Request-Id": "mine" };
    const { port } = await start({
      policy: definePolicy({
        connect: permission("door", {
          connect: ({ scope }) => {
            addAnswerHeader(scope.request, "x-request-id", "added");
            addAnswerHeader(scope.request, "X-Added", "yes");
            return fault("rate_limited", { retryAfter: 1.2, headers });
          },
        }),
        permissions: AllowAny,
      }),
    });
    const refused = await knock(port);
    expect(refused.status).toBe(429);
    expect(refused.headers).toMatchObject({ "retry-after": "9", "x-request-id": "mine", "x-added": "yes" });
  });

  test("sends no header that would break the response", async () => {
    const headers = {
      "X-Fine": "yes",
      "X-Split": "a\r\nX-Injected: 1",
      "X Name": "a",
      "X-Number": 5 as never,
      "Content-Length": "0",
      "transfer-encoding": "chunked",
      Connection: "keep-alive",
      "content-type": "text/html",
    };
    const { port } = await refusing(() => deny("no", { headers }));
    const refused = await knock(port);
    expect(refused.status).toBe(403);
    expect(JSON.parse(refused.body).error.code).toBe("no");
    expect(refused.headers).toMatchObject({
      "x-fine": "yes",
      connection: "close",
      "content-type": "application/json; charset=utf-8",
    });
    expect(Object.keys(refused.headers).sort()).toEqual(["connection", "content-length", "content-type", "x-fine"]);
  });

  test("answers a foreign origin with 403", async () => {
    const { port } = await start({ options: { origins: ["https://app.example"] } });
    const refused = await knock(port, { origin: "https://evil.example" });
    expect([refused.status, JSON.parse(refused.body).error.code]).toEqual([403, "origin_not_allowed"]);
    expect((await knock(port)).status).toBe(403);
  });

  test("does not come from another site with the visitor's cookies", async () => {
    const { port } = await start();
    expect((await knock(port, { origin: "https://evil.example", cookie: "session=1" })).status).toBe(403);
    expect((await knock(port, { cookie: "session=1" })).status).toBe(403);
  });
});

describe('refuse: "close"', () => {
  test.each([
    [() => deny("not_authenticated"), 4401, "not_authenticated"],
    [() => deny("banned"), 4403, "banned"],
    [() => deny("gone", { status: 410 }), 4403, "gone"],
    [() => fault("rate_limited"), 1013, "rate_limited"],
    [() => fault("permission_timeout"), 1013, "permission_timeout"],
    [() => fault("broken"), 1011, "broken"],
    [() => deny("long".repeat(40)), 4403, "long".repeat(40).slice(0, 123)],
  ])("closes with the code that says the same (%#)", async (answer, code, reason) => {
    const { url, sockets } = await refusing(answer, { refuse: "close" });
    expect(await new Client(url).end()).toEqual({ code, reason });
    expect(sockets).toEqual([]);
  });

  test("terminates a client that does not answer, after a second", async () => {
    const { port } = await refusing(() => deny("banned"), { refuse: "close" });
    const tcp = new Tcp(port);
    const startedAt = Date.now();
    tcp.knock();
    await tcp.opened();
    for (let sent = 0; sent < 5; sent += 1) tcp.socket.write(frame('{"action":"ping"}'));
    await until(() => tcp.isClosed);
    expect(Date.now() - startedAt).toBeGreaterThan(900);
    expect(Date.now() - startedAt).toBeLessThan(10_000);
  });

  test.each([
    ["what came with its handshake", frame('{"action":"ping"}').subarray(3)],
    ["a large message", frame("x".repeat(100_000))],
    ["no frames", Buffer.alloc(10_000, 255)],
    ["an invalid code", closeFrame(1002)],
  ])("is not troubled by a client that sends %s", async (_what, sent) => {
    const { port } = await refusing(() => deny("banned"), { refuse: "close" });
    const tcp = new Tcp(port);
    tcp.knock(sent);
    await tcp.opened();
    tcp.socket.write(sent);
    await until(() => tcp.isClosed);
    expect(tcp.received.includes("banned")).toBe(true);
  });

  test("is over at once with a client that answers", async () => {
    const { url } = await refusing(() => deny("banned"), { refuse: "close" });
    const startedAt = Date.now();
    await new Client(url).end();
    await sleep(1);
    expect(Date.now() - startedAt).toBeLessThan(900);
  });

  test("does not touch the application's server", async () => {
    const wss = new WebSocketServer({ noServer: true, perMessageDeflate: true });
    const { perMessageDeflate } = wss.options;
    guard(wss, definePolicy({ permissions: AllowAny }), { refuse: "close" });
    expect(wss.options.perMessageDeflate).toBe(perMessageDeflate);
    expect(wss.clients.size).toBe(0);
  });
});
