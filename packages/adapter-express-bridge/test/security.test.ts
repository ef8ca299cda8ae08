import type { IncomingMessage } from "node:http";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { guard } from "@portcullis/adapter-ws";
import { AllowAny, definePolicy } from "@portcullis/core";
import cors from "cors";
import csurf from "csurf";
import express, { type RequestHandler, Router } from "express";
import { expressjwt } from "express-jwt";
import session, { MemoryStore } from "express-session";
import jsonwebtoken from "jsonwebtoken";
import methodOverride from "method-override";
import passport from "passport";
import { Strategy as Anonymous } from "passport-anonymous";
import { ExtractJwt, Strategy as Jwt } from "passport-jwt";
import { afterEach, describe, expect, test, vi } from "vitest";
import { WebSocketServer } from "ws";
import { fromExpress } from "../src/index.js";
import { SECRET, signedValue } from "./matrix/guards.js";
import { askAction, askConnect, atEnd, handshake, listen, scopeOf, send, stopAll } from "./support.js";

afterEach(async () => {
  vi.useRealTimers();
  await stopAll();
});

const app = express();

/** A handmade response, as often used for a middleware on a socket. It has enough of Express, and no checks. */
function handMade() {
  const headers = new Map<string, unknown>();
  const response = {
    statusCode: 200,
    locals: {},
    headers,
    onEnd: () => {},
    status: (code: number) => Object.assign(response, { statusCode: code }),
    setHeader: (name: string, value: unknown) => void headers.set(name.toLowerCase(), value),
    getHeader: (name: string) => headers.get(name.toLowerCase()),
    removeHeader: (name: string) => void headers.delete(name.toLowerCase()),
    cookie: (name: string, value: string) => void headers.set("set-cookie", `${name}=${value}`),
    json: () => response.end(),
    end: () => response.onEnd(),
    writeHead: () => response,
    on: () => response,
  };
  return response;
}

/** The naive way: the shared handshake request, a handmade response, and every call of `next()` allows. */
async function naive(chain: readonly RequestHandler[], request: IncomingMessage, more: object = {}): Promise<boolean> {
  Object.assign(request, more);
  for (const middleware of chain) {
    const isThrough = await new Promise<boolean>((resolve) => {
      const response = handMade();
      response.onEnd = () => resolve(false);
      const next = (error?: unknown) => resolve(error === undefined);
      const later: unknown = middleware(request as never, response as never, next);
      if (later instanceof Promise) later.catch(() => resolve(false));
    });
    if (!isThrough) return false;
  }
  return true;
}

/** A handshake that Express middlewares can read. */
function shared(headers: Record<string, string> = {}): IncomingMessage {
  const request = handshake(headers);
  return Object.assign(Object.create(app.request), request, { headers: request.headers, originalUrl: "/" });
}

describe("authority that has ended", () => {
  test("expired token: the naive way keeps the first user", async () => {
    const authenticator = new passport.Passport();
    const options = { jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: SECRET };
    authenticator.use(
      new Jwt(options, (claims: object, done: (error: null, user: object) => void) => done(null, claims)),
    );
    authenticator.use(new Anonymous());
    const requireUser: RequestHandler = (request, response, next) =>
      request.user ? next() : void response.status(401).json({});
    const chain = [authenticator.authenticate(["jwt", "anonymous"], { session: false }) as RequestHandler, requireUser];
    const token = jsonwebtoken.sign({ sub: "ann", exp: Math.floor(Date.now() / 1000) + 60 }, SECRET);
    const request = shared({ authorization: `Bearer ${token}` });
    const rule = fromExpress(chain, { app });
    const scope = scopeOf(request);

    expect(await naive(chain, request)).toBe(true);
    const fresh = scopeOf(handshake({ authorization: `Bearer ${token}` }));
    expect((await askAction(rule, { scope: fresh })).outcome).toBe("allow");
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
    expect(await naive(chain, request)).toBe(true);
    expect(await askAction(rule, { scope: fresh })).toMatchObject({ outcome: "deny", status: 401 });
    // This holds even if an earlier user is set on the handshake.
    expect(await askAction(rule, { scope })).toMatchObject({ outcome: "deny", status: 401 });
  });

  test("logout: the naive way keeps the first session", async () => {
    const store = new MemoryStore();
    store.set("ann", { cookie: { originalMaxAge: null, path: "/" }, name: "ann" } as never);
    const sessions = session({ secret: SECRET, store, resave: false, saveUninitialized: false });
    const requireName: RequestHandler = (request, response, next) =>
      "name" in request.session ? next() : void response.status(401).json({});
    const chain = [sessions, requireName];
    const headers = { cookie: `connect.sid=${signedValue("ann")}` };
    const request = shared(headers);
    const rule = fromExpress(chain, { app });
    const scope = scopeOf(handshake(headers));

    expect(await naive(chain, request)).toBe(true);
    expect((await askAction(rule, { scope })).outcome).toBe("allow");
    await new Promise((resolve) => store.destroy("ann", resolve));
    expect(await naive(chain, request)).toBe(true);
    expect(await askAction(rule, { scope })).toMatchObject({ outcome: "deny", status: 401 });
  });
});

test("concurrent actions: the naive way mixes up their bodies", async () => {
  const look: RequestHandler = (_request, _response, next) => void setTimeout(next, 5);
  const owner: RequestHandler = (request, response, next) =>
    request.body.owner === "ann" ? next() : void response.status(403).json({});
  const chain = [look, owner];
  const request = shared();
  const bodies = ["bob", "ann"].map((name) => ({ owner: name }));
  const rule = fromExpress(chain, { app });
  const scope = scopeOf(handshake());

  expect(await Promise.all(bodies.map((body) => naive(chain, request, { body })))).toEqual([true, true]);
  const decisions = await Promise.all(bodies.map((payload) => askAction(rule, { payload, scope })));
  expect(decisions.map(({ outcome }) => outcome)).toEqual(["deny", "allow"]);
});

describe("a method that a client chooses", () => {
  test("by its action name: OPTIONS passes express-jwt without a token", async () => {
    const chain = [expressjwt({ secret: SECRET, algorithms: ["HS256"] }) as RequestHandler];
    const headers = { "access-control-request-headers": "authorization" };
    expect(await naive(chain, shared(headers), { method: "options".toUpperCase() })).toBe(true);
    const asked = { action: "options", scope: scopeOf(handshake(headers)) };
    expect(await askAction(fromExpress(chain, { app }), asked)).toMatchObject({ outcome: "error", status: 401 });
  });

  test("by the name of its action: HEAD is taken for reading", async () => {
    const readOnly: RequestHandler = ({ method }, response, next) =>
      method === "GET" || method === "HEAD" ? next() : void response.status(403).json({});
    expect(await naive([readOnly], shared(), { method: "head".toUpperCase() })).toBe(true);
    expect(await askAction(fromExpress(readOnly, { app }), { action: "head" })).toMatchObject({ status: 403 });
  });

  test("by a header that overrides it", async () => {
    const readOnly: RequestHandler = ({ method }, response, next) =>
      method === "GET" ? next() : void response.status(403).json({});
    for (const name of ["x-http-method-override", "x-http-method", "x-method-override"]) {
      const override = [methodOverride(name) as RequestHandler, readOnly];
      const headers = { [name]: "GET" };
      expect(await naive(override, shared(headers), { method: "POST" })).toBe(true);
      expect(await askAction(fromExpress(override, { app }), { scope: scopeOf(handshake(headers)) })).toMatchObject({
        status: 403,
      });
    }
  });
});

describe("a method that a middleware changes because a client says so", () => {
  const readOnly: RequestHandler = ({ method }, response, next) =>
    method === "GET" ? next() : void response.status(403).json({});
  const byBody = methodOverride(({ body }: { body: { _method?: string } }) => body._method ?? "POST");

  test.each([
    ["the body", byBody as RequestHandler, { payload: { _method: "GET" } }],
    ["the query", methodOverride("_method") as RequestHandler, { scope: scopeOf(handshake({}, "/?_method=GET")) }],
  ])(
    "by %s: over HTTP the route of the action is not reached, and a socket is refused",
    async (_how, override, asked) => {
      const rule = fromExpress([override, readOnly], { app });
      expect(await askAction(rule, asked)).toMatchObject({ outcome: "error", code: "permission_denied", status: 403 });
      expect(await askAction(fromExpress(override, { app }))).toMatchObject({ outcome: "allow" });
    },
  );
});

test("unmatched route: the naive way falls through it", async () => {
  const router = Router();
  router.post("/", ((_request, response) => void response.status(403).json({})) as RequestHandler);
  expect(await naive([router as unknown as RequestHandler], shared(), { method: "purge".toUpperCase() })).toBe(true);
  expect(await askAction(fromExpress(router, { app, stopAt: [] }), { action: "purge" })).toMatchObject({
    outcome: "deny",
    status: 403,
  });
  const elsewhere = fromExpress(router, { app, stopAt: [], url: "/:room" });
  expect(await askAction(elsewhere, { payload: { room: "x" } })).toMatchObject({ outcome: "error", status: 403 });
});

/** The bytes of the answer to a handshake. */
async function answerTo(wss: WebSocketServer, headers: Record<string, string>): Promise<string> {
  const server = createServer();
  server.on("upgrade", (request, socket, head) => {
    wss.handleUpgrade(request, socket, head, (client) => client.terminate());
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  atEnd(() => new Promise((resolve) => void server.close(() => resolve())));
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const own = {
    host: "app.example",
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  const lines = Object.entries({ ...own, ...headers }).map(([name, value]) => `${name}: ${value}`);
  socket.write(`GET /?lang=en%0d%0aX-Injected:%20yes HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks).toString("latin1");
}

test("header with a line break: the naive way splits responses", async () => {
  const chain: RequestHandler[] = [
    (request, response, next) => {
      const lang = new URLSearchParams(request.url.split("?")[1]).get("lang") ?? "en";
      response.setHeader("Set-Cookie", `lang=${lang}`);
      next();
    },
  ];
  const bare = new WebSocketServer({ noServer: true });
  bare.on("headers", (lines, request) => {
    const response = handMade();
    for (const middleware of chain) middleware(Object.assign(request, {}) as never, response as never, () => {});
    for (const [name, value] of response.headers) lines.push(`${name}: ${value}`);
  });
  expect(await answerTo(bare, {})).toContain("\r\nX-Injected: yes\r\n");

  const guarded = new WebSocketServer({ noServer: true });
  const policy = definePolicy({ connect: fromExpress(chain, { app }), permissions: AllowAny });
  guard(guarded, policy, { onDecision() {} });
  const answer = await answerTo(guarded, {});
  expect(answer).toMatch(/^HTTP\/1\.1 500 /);
  expect(answer).not.toContain("X-Injected");
});

describe("a foreign page that opens a socket with the user's cookies", () => {
  const store = new MemoryStore();
  store.set("ann", { cookie: { originalMaxAge: null, path: "/" }, csrfSecret: "x" } as never);
  const sessions = session({ secret: SECRET, store, resave: false, saveUninitialized: false });
  const evil = { origin: "https://evil.example", cookie: `connect.sid=${signedValue("ann")}` };

  test.each([
    ["cors()", [cors({ origin: "https://app.example" }) as RequestHandler]],
    ["csurf()", [sessions, csurf() as RequestHandler]],
  ])("is not held up by %s: the guard's `origins` refuses it", async (_name, chain) => {
    const rule = fromExpress(chain, { app });
    // This is not a flaw of the bridge. Over HTTP the middlewares pass it too.
    expect(await naive(chain, shared(evil))).toBe(true);
    expect((await askConnect(rule, { scope: scopeOf(handshake(evil)) })).outcome).toBe("allow");

    const policy = definePolicy({ connect: rule, permissions: AllowAny });
    for (const options of [{ origins: ["https://app.example"] }, {}]) {
      const wss = new WebSocketServer({ noServer: true });
      guard(wss, policy, options);
      expect(await answerTo(wss, evil)).toMatch(/^HTTP\/1\.1 403 [\s\S]*origin_not_allowed/);
    }
  });
});

test("a middleware's changes to its socket do not affect the connection", async () => {
  const request = handshake();
  const destroy: RequestHandler = (own) => void own.socket.destroy();
  expect(await askAction(fromExpress(destroy, { app }), { scope: scopeOf(request) })).toMatchObject({
    outcome: "error",
  });
  expect(request.socket.destroyed).toBe(false);
});

test("the application goes on to serve HTTP as before", async () => {
  const own = express();
  own.get("/", (request, response) => void response.json({ ip: request.ip, q: request.query.q }));
  const { port } = await listen(own);
  const before = await send(port, { path: "/?q=1" });
  const rule = fromExpress(((_q, r) => void r.status(403).json({ message: "no" })) as RequestHandler, { app: own });
  for (let time = 0; time < 20; time++) expect(await askAction(rule)).toMatchObject({ status: 403 });
  const after = await send(port, { path: "/?q=1" });
  expect([after.status, after.body]).toEqual([before.status, before.body]);
});

test("a thousand questions leave no listener, and no open handle", async () => {
  const server = createServer();
  server.on("upgrade", () => {});
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const accepted = await new Promise<IncomingMessage["socket"]>((resolve) => void server.once("connection", resolve));
  atEnd(async () => {
    client.destroy();
    await new Promise((resolve) => void server.close(resolve));
  });
  const request = Object.assign(handshake(), { socket: accepted });
  const count = () => accepted.eventNames().reduce((sum, name) => sum + accepted.listenerCount(name), 0);
  const before = count();
  const rule = fromExpress((_request: unknown, _response: unknown, next: () => void) => next(), { app });
  for (let time = 0; time < 1000; time++) await askAction(rule, { scope: scopeOf(request) });
  expect(count()).toBe(before);
});
