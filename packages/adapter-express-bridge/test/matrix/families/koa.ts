import { fileURLToPath } from "node:url";
import cors from "@koa/cors";
import Router from "@koa/router";
import basicAuth from "koa-basic-auth";
import { bearerToken } from "koa-bearer-token";
import bodyParser from "koa-bodyparser";
import compose from "koa-compose";
import compress from "koa-compress";
import connect from "koa-connect";
import convert from "koa-convert";
import CSRF from "koa-csrf";
import genericSession from "koa-generic-session";
import helmet from "koa-helmet";
import jwt from "koa-jwt";
import mount from "koa-mount";
import { KoaPassport } from "koa-passport";
import ratelimit from "koa-ratelimit";
import Roles from "koa-roles";
import session from "koa-session";
import serve from "koa-static";
import unless from "koa-unless";
import { ExtractJwt, Strategy as Jwt } from "passport-jwt";
import { Strategy as Local } from "passport-local";
import { basic, CSRF_SECRET, checkKoa, csrfToken, KEY_CASES, keyAndKoa, keygripCookie, SECRET } from "../guards.js";
import { type Row, withKoa } from "../row.js";
import { BEARER_CASES, bearer, token } from "../tokens.js";

type Context = Record<string, unknown> & {
  headers: Record<string, string | undefined>;
  state: Record<string, unknown>;
  status: number;
  body: unknown;
  throw(status: number, message: string): never;
  get(name: string): string;
  set(name: string, value: string): void;
};
type Next = () => Promise<unknown>;
type Done = (error: unknown, user?: unknown) => void;

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const ANN = { id: "ann" };
const findUser = (name: unknown, done: Done) => done(null, name === "ann" ? ANN : false);
const never = Date.now() + 86_400_000;
const json = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64");
const koaSession = (value: object) => ({
  cookie: keygripCookie("koa.sess", json({ ...value, _expire: never, _maxAge: 86_400_000 })),
});
const isAnn = checkKoa(
  403,
  "that is not Ann",
  ({ session: found }) => (found as { name?: string } | undefined)?.name === "ann",
);
const SESSION_CASES = {
  allowed: { headers: koaSession({ name: "ann" }) },
  refused: {},
  malformed: { headers: { cookie: "koa.sess=forged; koa.sess.sig=forged" } },
  refusedAsBob: { headers: koaSession({ name: "bob" }) },
};
const BASIC_CASES = {
  allowed: { headers: { authorization: basic("ann", "secret") } },
  refused: { headers: { authorization: basic("ann", "wrong") } },
  malformed: { headers: { authorization: "Basic" } },
  refusedWithout: {},
};

export const koaFamily: Row[] = [
  withKoa("koa", "guards that throw, answer, or act after `next()`", () => ({
    subject: async (context: Context, next: Next) => {
      await next();
      if (context.get("x-role") === "reader") context.throw(403, "not granted");
      if (context.get("x-role") === "") {
        context.status = 401;
        context.body = { message: "nobody" };
      }
    },
    cases: {
      allowed: { headers: { "x-role": "editor" } },
      refused: {
        headers: { "x-role": "reader" },
      },
      malformed: {},
    },
  })),
  withKoa("koa-jwt", "a bearer token", () => ({
    subject: jwt({ secret: SECRET }) as never,
    cases: BEARER_CASES,
  })),
  withKoa("koa-unless", "a token, except for one path", () => {
    const guard = Object.assign(jwt({ secret: SECRET }), { unless });
    return {
      subject: guard.unless({ path: ["/public"] }),
      after: checkKoa(401, "no token", ({ state, path }) => state.user !== undefined || path === "/public"),
      cases: {
        allowed: { path: "/public" },
        refused: { path: "/private" },
        malformed: { path: "/private", headers: bearer("not.a.token") },
        allowedByToken: { path: "/private", headers: bearer(token()) },
      },
    };
  }),
  withKoa("koa-passport", "a bearer token", () => {
    const passport = new KoaPassport();
    passport.use(
      new Jwt(
        { jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: SECRET },
        ({ sub }: { sub: string }, done: Done) => findUser(sub, done),
      ),
    );
    return {
      subject: [passport.initialize(), passport.authenticate("jwt", { session: false })],
      cases: BEARER_CASES,
    };
  }),
  withKoa("koa-passport", "a session", ({ app }) => {
    app.keys = [SECRET];
    const passport = new KoaPassport();
    passport.deserializeUser((id: unknown, done: Done) => findUser(id, done));
    return {
      before: session({}, app),
      subject: [passport.initialize(), passport.session()],
      after: checkKoa(401, "nobody is signed in", (context) =>
        (context.isAuthenticated as (() => boolean) | undefined)?.(),
      ),
      cases: {
        allowed: { headers: koaSession({ passport: { user: "ann" } }) },
        refused: {},
        malformed: { headers: { cookie: "koa.sess=forged; koa.sess.sig=forged" } },
      },
    };
  }),
  withKoa("koa-passport", "name and password, and a redirect", () => {
    const passport = new KoaPassport();
    passport.use(
      new Local((name: string, password: string, done: Done) => findUser(password === "secret" && name, done)),
    );
    return {
      subject: [passport.initialize(), passport.authenticate("local", { session: false, failureRedirect: "/login" })],
      cases: {
        allowed: { path: "/?username=ann&password=secret" },
        refused: { path: "/?username=ann&password=wrong" },
        malformed: { path: "/?username=ann" },
        allowedByBody: { payload: { username: "ann", password: "secret" }, only: "action" },
      },
    };
  }),
  withKoa("koa-session", "a session in a cookie", ({ app }) => {
    app.keys = [SECRET];
    return {
      // The package also extends the application, except in the chain without it.
      get subject() {
        return session({}, app);
      },
      after: isAnn,
      cases: SESSION_CASES,
    };
  }),
  withKoa("koa-session", "a session that is renewed with every answer", ({ app }) => {
    app.keys = [SECRET];
    return {
      get subject() {
        return session({ rolling: true }, app);
      },
      after: isAnn,
      cases: SESSION_CASES,
    };
  }),
  withKoa("koa-generic-session", "a session in a store", ({ app }) => {
    app.keys = [SECRET];
    const kept = new Map<string, unknown>([
      [
        "koa:sess:ann",
        { name: "ann", cookie: { path: "/", httpOnly: true, overwrite: true, signed: true, maxAge: 60_000 } },
      ],
    ]);
    const store = {
      get: async (id: string) => kept.get(id),
      set: async (id: string, value: unknown) => void kept.set(id, value),
      destroy: async (id: string) => void kept.delete(id),
    };
    return {
      subject: genericSession({ store, allowEmpty: false }),
      after: isAnn,
      cases: {
        allowed: { headers: { cookie: keygripCookie("koa.sid", "ann") } },
        refused: {},
        malformed: { headers: { cookie: "koa.sid=ann; koa.sid.sig=forged" } },
        refusedUnknown: { headers: { cookie: keygripCookie("koa.sid", "bob") } },
      },
    };
  }),
  withKoa("koa-roles", "roles.can()", () => {
    const roles = new Roles({
      failureHandler: (context: Context, action: string) => context.throw(403, `may not ${action}`),
    });
    roles.use("write reports", (context: Context) => context.get("x-role") === "editor" || undefined);
    return {
      before: roles.middleware(),
      subject: roles.can("write reports"),
      cases: {
        allowed: { headers: { "x-role": "editor" } },
        refused: { headers: { "x-role": "reader" } },
        malformed: { headers: { "x-role": "__proto__" } },
        refusedAnonymous: {},
      },
    };
  }),
  withKoa("koa-basic-auth", "name and password", () => ({
    subject: basicAuth({ name: "ann", pass: "secret" }),
    cases: BASIC_CASES,
  })),
  withKoa("koa-bearer-token", "a token from header or query", () => ({
    subject: bearerToken(),
    after: checkKoa(401, "no token", ({ request }) => (request as { token?: string }).token === "ann"),
    cases: {
      allowed: { headers: bearer("ann") },
      refused: {},
      malformed: { path: "/?access_token=ann", headers: bearer("ann") },
      allowedByQuery: { path: "/?access_token=ann" },
    },
  })),
  withKoa("koa-ratelimit", "two in a minute", () => ({
    before: checkKoa(400, "that is no API key", ({ headers }) => /^[a-z]+$/.test(headers["x-api-key"] ?? "")),
    subject: ratelimit({
      driver: "memory",
      db: new Map(),
      duration: 60_000,
      max: 2,
      errorMessage: { message: "slow down" },
    }),
    cases: {
      malformed: { headers: { "x-api-key": "?" } },
      allowed: { headers: { "x-api-key": "ann" }, times: 2 },
      refused: { headers: { "x-api-key": "ann" } },
    },
  })),
  withKoa("koa-csrf", "a token against forged requests", ({ app }) => {
    app.keys = [SECRET];
    const cookie = koaSession({ secret: CSRF_SECRET });
    return {
      before: session({}, app),
      subject: new CSRF(),
      cases: {
        allowed: {
          headers: { ...cookie, "csrf-token": csrfToken() },
          only: "action" as const,
        },
        refused: { headers: cookie, only: "action" as const },
        malformed: { headers: { ...cookie, "csrf-token": "?" }, only: "action" as const },
        allowedAtConnect: { headers: { ...cookie, origin: "https://evil.example" }, only: "connect" as const },
      },
    };
  }),
  withKoa("koa-compose", "a chain in a chain", () => ({
    subject: compose([
      (_context: Context, next: Next) => next(),
      compose([checkKoa(401, "nobody", ({ headers }) => headers["x-role"] !== undefined)]),
      checkKoa(400, "no role", ({ headers }) => /^[a-z]+$/.test(headers["x-role"] ?? "")),
    ]),
    cases: { allowed: { headers: { "x-role": "admin" } }, refused: {}, malformed: { headers: { "x-role": "7" } } },
  })),
  withKoa("@koa/router", "a router with routes", () => {
    const router = new Router();
    router.all("/rooms/:name", (context: Context & { params: { name: string } }, next: Next) => {
      if (!/^[a-z]+$/.test(context.params.name)) context.throw(400, "that is no name");
      if (context.params.name !== "lobby") context.throw(403, `not ${context.params.name}`);
      return next();
    });
    const why = "a router in which no route matches refuses";
    return {
      subject: [router.routes(), router.allowedMethods()] as never,
      options: { stopAt: [] },
      cases: {
        allowed: { path: "/rooms/lobby?x=1" },
        refused: { path: "/rooms/cellar" },
        malformed: { path: "/rooms/7" },
        allowedUnmatched: { path: "/elsewhere", differs: { connect: why, action: why } },
      },
    };
  }),
  withKoa("koa-mount", "a chain under a path", () => ({
    subject: mount(
      "/admin",
      checkKoa(403, "no admin", ({ headers }) => headers["x-role"] === "admin"),
    ),
    cases: {
      allowed: { path: "/admin", headers: { "x-role": "admin" } },
      refused: { path: "/admin/rooms" },
      malformed: { path: "/admin", headers: { "x-role": "Admin" } },
      allowedElsewhere: { path: "/open" },
    },
  })),
  withKoa("koa-convert", "a generator of Koa 1", () => ({
    subject: convert(function* guard(this: Context, next: unknown) {
      const role = this.get("x-role");
      if (role === "") this.throw(401, "nobody");
      if (!/^[a-z]+$/.test(role)) this.throw(400, "no role");
      yield next;
    }),
    cases: { allowed: { headers: { "x-role": "admin" } }, refused: {}, malformed: { headers: { "x-role": "7" } } },
  })),
  withKoa("koa-connect", "a middleware of connect", () => ({
    subject: connect((request, _response, next) => {
      const role = request.headers["x-role"];
      if (role === "admin") next();
      else
        next(
          Object.assign(new Error(String(role ?? "nobody")), {
            status: role === undefined ? 401 : 403,
            expose: true,
          }),
        );
    }),
    cases: { allowed: { headers: { "x-role": "admin" } }, refused: {}, malformed: { headers: { "x-role": "7" } } },
  })),
  withKoa("koa-bodyparser", "a guard of the body", () => ({
    readsBody: true,
    subject: [
      bodyParser(),
      checkKoa(403, "not yours", ({ request }) => (request as { body?: { owner?: string } }).body?.owner === "ann"),
    ],
    cases: {
      allowed: { payload: { owner: "ann" }, only: "action" },
      refused: { payload: { owner: "bob" }, only: "action" },
      malformed: { payload: { owner: ["ann", "bob"] }, only: "action" },
    },
  })),
  withKoa("koa-bodyparser", "its own limit", () => ({
    readsBody: true,
    subject: [
      bodyParser({ jsonLimit: 100 }),
      ...keyAndKoa("the body", ({ request }) => (request as { body?: unknown }).body !== undefined),
    ],
    cases: {
      ...KEY_CASES,
      refusedTooLarge: {
        headers: { "x-api-key": "ann" },
        payload: { text: "x".repeat(200) },
        only: "action",
        differs: { action: "the body is already read, so `maxBody` is the limit" },
      },
    },
  })),
  withKoa("@koa/cors", "its headers, without a refusal", () => ({
    subject: cors({ origin: "https://app.example" }),
    after: keyAndKoa("the header", ({ response }) => response.get("vary") === "Origin"),
    cases: {
      ...KEY_CASES,
      allowedFromElsewhere: { headers: { "x-api-key": "ann", origin: "https://evil.example" } },
    },
  })),
  withKoa("koa-helmet", "headers that protect a page", () => ({
    subject: helmet() as never,
    after: keyAndKoa("the header", ({ response }) => response.get("x-frame-options") === "SAMEORIGIN"),
    cases: KEY_CASES,
  })),
  withKoa("koa-compress", "answers that are compressed", () => ({
    before: async (context: Context & { response: { get(name: string): string } }, next: Next) => {
      await next();
      if (!context.response.get("vary")) context.throw(500, "it was not there");
    },
    subject: compress(),
    after: keyAndKoa("nothing", () => true),
    cases: KEY_CASES,
  })),
  withKoa("koa-static", "files behind a guard, and `next()` for a missing file", () => ({
    before: keyAndKoa("nothing", () => true),
    subject: serve(FOLDER),
    cases: {
      allowed: { path: "/missing.txt", headers: { "x-api-key": "ann" } },
      refused: { path: "/missing.txt" },
      malformed: { path: "/missing.txt", headers: { "x-api-key": "?" } },
      refusedFile: { path: "/koa.ts", headers: { "x-api-key": "ann" }, only: "connect" },
    },
  })),
];
