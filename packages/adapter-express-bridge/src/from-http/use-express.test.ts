import { AllowAny, definePolicy, IsAuthenticated, PermissionMisuse } from "@portcullis/core";
import { addAnswerHeader, openAnswerHeaders, takeAnswerHeaders } from "@portcullis/core/internal";
import express, { type RequestHandler, Router } from "express";
import session, { MemoryStore } from "express-session";
import { describe, expect, test } from "vitest";
import { handshake, seen } from "../../test/support.js";
import { type HandshakeSource, useExpress } from "../index.js";

const app = express();
const EXPIRED = Object.assign(new Error("jwt expired"), { status: 401 });
const identify: RequestHandler = (request, _response, next) => {
  const name = request.get("x-name");
  if (name) Object.assign(request, { user: { name } });
  next();
};

describe("useExpress", () => {
  test("returns who is there, for the scope", async () => {
    const authenticate = useExpress(identify, { app });
    expect(await authenticate(handshake({ "x-name": "ann" }))).toEqual({ user: { name: "ann" } });
    expect(await authenticate(handshake())).toEqual({ user: null });
  });

  test("takes `request.auth` where there is no user", async () => {
    const auth: RequestHandler = (request, _response, next) => {
      Object.assign(request, { auth: { sub: "ann" } });
      next();
    };
    expect(await useExpress(auth, { app })(handshake())).toEqual({ user: { sub: "ann" } });
  });

  test("accepts a socket with a handshake, and derived headers", async () => {
    const socket = { request: handshake(), handshake: { auth: { token: "ann" } } };
    const headers = (from: typeof socket) => ({ "x-name": from.handshake.auth.token });
    expect(await useExpress(identify, { app, headers })(socket)).toEqual({ user: { name: "ann" } });
  });

  test("returns the id of the session, that of the cookie", async () => {
    const sessions = session({ secret: "x", store: new MemoryStore(), resave: false, saveUninitialized: true });
    const authenticate = useExpress([sessions, identify], { app });
    const request = handshake();
    openAnswerHeaders(request);
    const { sid } = await authenticate(request);
    const [[, cookie] = ["", ""]] = takeAnswerHeaders(request);
    expect(decodeURIComponent(cookie)).toContain(`s:${sid}.`);
    expect(await authenticate(handshake({ cookie: cookie.split(";", 1)[0] as string }))).toMatchObject({ sid });
  });

  test.each([undefined, null, 5, {}])("returns no id of a session for %j", async (sessionID) => {
    const numbered: RequestHandler = (request, _response, next) => next(void Object.assign(request, { sessionID }));
    expect((await useExpress(numbered, { app })(handshake())).sid).toBeUndefined();
  });

  test("returns what `hydrate` makes of the request", async () => {
    const authenticate = useExpress(identify, { app, hydrate: ({ user, url }) => ({ user, url }) });
    expect(await authenticate(handshake({ "x-name": "ann" }, "/a"))).toEqual({ user: { name: "ann" }, url: "/a" });
  });

  const refusing: [string, RequestHandler, object][] = [
    [
      "401",
      (_q, r) => void r.set("WWW-Authenticate", "Basic").status(401).json({ message: "who?" }),
      { code: "not_authenticated", status: 401, reason: "who?", headers: { "www-authenticate": "Basic" } },
    ],
    ["403", (_q, r) => void r.sendStatus(403), { code: "permission_denied", status: 403 }],
    [
      "429",
      (_q, r) => void r.set("Retry-After", "3").sendStatus(429),
      { code: "rate_limited", status: 429, retryAfter: 3 },
    ],
    ["503", (_q, r) => void r.sendStatus(503), { code: "permission_error", status: 503 }],
    [
      "a redirect",
      (_q, r) => r.redirect("/login"),
      { code: "not_authenticated", status: 401, headers: { location: "/login" } },
    ],
    ["no answer", () => {}, { code: "permission_timeout", status: 503 }],
  ];
  test.each(refusing)("refuses as its middlewares do: %s", async (_how, middleware, denial) => {
    const authenticate = useExpress(middleware, { app, timeout: 20 });
    await expect(authenticate(handshake())).rejects.toMatchObject({ name: "PermissionDenied", ...denial });
  });

  test.each([
    ["an error with a status", (_q: unknown, _r: unknown, next: (error: Error) => void) => next(EXPIRED), 401, EXPIRED],
    [
      "an end without a verdict",
      ((_q, r) => void r.send("ok")) as RequestHandler,
      403,
      expect.objectContaining({ outcome: "error", error: expect.any(PermissionMisuse) }),
    ],
    [
      "a route that is not there",
      Router().get("/orders", identify),
      403,
      expect.objectContaining({ outcome: "error", error: expect.any(PermissionMisuse) }),
    ],
  ])("refuses with its status, and keeps the cause: %s", async (_how, middleware, status, cause) => {
    const authenticate = useExpress(middleware as RequestHandler, { app, stopAt: [] });
    await expect(authenticate(handshake())).rejects.toMatchObject({ name: "PermissionDenied", status, cause });
  });

  test("throws what is wrong with its own options", async () => {
    const authenticate = useExpress(identify, { app, headers: () => ({ upgrade: "x" }) });
    const wrong = authenticate(handshake());
    await expect(wrong).rejects.toBeInstanceOf(PermissionMisuse);
    await expect(wrong).rejects.toThrow('useExpress(): `headers` returned "x" for upgrade: leave it out');
  });

  test("throws at a request of fetch", async () => {
    const request = new Request("http://localhost/", { headers: { "x-name": "ann" } });
    const wrong = useExpress(identify, { app })(request as never);
    await expect(wrong).rejects.toBeInstanceOf(PermissionMisuse);
    await expect(wrong).rejects.toThrow("useExpress() got a request of fetch");
  });

  test("throws what its middlewares throw, for the logs", async () => {
    const error = new Error("down");
    const authenticate = useExpress(
      (() => {
        throw error;
      }) as RequestHandler,
      { app },
    );
    await expect(authenticate(handshake())).rejects.toBe(error);
  });

  test("is let go when nobody waits any more", async () => {
    const controller = new AbortController();
    const authenticate = useExpress((() => controller.abort()) as RequestHandler, { app });
    await expect(authenticate(handshake(), controller)).rejects.toMatchObject({ code: "aborted" });
    await expect(authenticate(handshake(), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "aborted" });
  });

  test("forwards cookies, and no header that is not permitted", async () => {
    const store = new MemoryStore();
    const sessions = session({ secret: "x", store, resave: false, saveUninitialized: true });
    const more: RequestHandler = (_request, response, next) => {
      response.cookie("b", "2");
      response.set({ "x-powered-by": "me", "content-type": "text/html", "x-request-id": "7" });
      next();
    };
    const request = handshake();
    openAnswerHeaders(request);
    await useExpress([sessions, more], { app })(request);
    const taken = takeAnswerHeaders(request);
    expect(taken.map(([name, value]) => [name, value.split("=", 1)[0]])).toEqual([
      ["set-cookie", "b"],
      ["set-cookie", "connect.sid"],
      ["x-request-id", "7"],
    ]);
    expect(addAnswerHeader(request, "x", "1")).toBe(false);
  });

  test("keeps cookies for messages after the request is gone", async () => {
    const [request, headers] = [handshake(), {}];
    const set: RequestHandler = (_request, response, next) => next(void response.cookie("a", "1"));
    await useExpress(set, { app })(request, { headers });
    const { request: later } = await seen({}, { scope: { headers, request: undefined } as never });
    expect(later.headers.cookie).toBe("a=1");
  });

  test("hands on nothing where nobody waits any more", async () => {
    const controller = new AbortController();
    const request = handshake();
    openAnswerHeaders(request);
    const set: RequestHandler = (_request, response) => {
      response.cookie("a", "1");
      controller.abort();
    };
    await expect(useExpress(set, { app })(request, controller)).rejects.toMatchObject({ code: "aborted", status: 499 });
    expect(takeAnswerHeaders(request)).toEqual([]);
  });

  test("fails for a response status that is no answer", async () => {
    const odd: RequestHandler = (_request, response) => {
      response.statusCode = 102;
      response.end();
    };
    const authenticate = useExpress(odd, { app });
    await expect(authenticate(handshake())).rejects.toThrow("a middleware has answered 102");
  });

  test("passes an unmatched router only with `unmatched: allow`", async () => {
    const router = Router().get("/orders", identify);
    const from = handshake({ "x-name": "ann" });
    await expect(useExpress(router, { app, stopAt: [] })(from)).rejects.toMatchObject({
      code: "permission_denied",
      status: 403,
    });
    expect(await useExpress(router, { app, stopAt: [], unmatched: "allow" })(from)).toEqual({ user: null });
  });

  test("tells `onError` what is thrown after its answer was used", async () => {
    const heard: unknown[] = [];
    let fail: ((error: Error) => void) | undefined;
    const late: RequestHandler = (_request, _response, next) => {
      fail = next;
      next();
    };
    await useExpress(late, { app, onError: (error) => void heard.push(error) })(handshake());
    fail?.(new Error("late"));
    expect(heard).toEqual([new Error("late")]);
  });

  test("fits where a guard wants an `authenticate`", () => {
    const policy = definePolicy({ connect: IsAuthenticated, permissions: AllowAny });
    const authenticate: (from: HandshakeSource) => Promise<{ user: unknown }> = useExpress(identify, { app });
    expect([policy, authenticate]).toHaveLength(2);
  });
});
