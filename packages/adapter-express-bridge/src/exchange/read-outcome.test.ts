import { not } from "@portcullis/core";
import express, { type RequestHandler } from "express";
import { describe, expect, test } from "vitest";
import { askAction } from "../../test/support.js";
import { fromExpress } from "../index.js";

const app = express();
const ask = (...middlewares: RequestHandler[]) => askAction(fromExpress(middlewares, { app }));

const httpError = (status: number, message: string, more: object = {}) =>
  Object.assign(new Error(message), { status, expose: true, ...more });

const DENIED: [string, RequestHandler, object][] = [
  [
    "401",
    (_q, r) => void r.status(401).json({ message: "Sign in" }),
    { status: 401, code: "not_authenticated", reason: "Sign in" },
  ],
  [
    "401 with a challenge",
    (_q, r) => void r.set("WWW-Authenticate", ["Basic", "Bearer"]).sendStatus(401),
    { status: 401, headers: { "www-authenticate": "Basic, Bearer" }, reason: "Unauthorized" },
  ],
  [
    "403 as text",
    (_q, r) => void r.status(403).send("Not yours"),
    { status: 403, code: "permission_denied", reason: "Not yours" },
  ],
  [
    "403 as a page",
    (_q, r) => void r.status(403).send("<h1>No</h1>"),
    { status: 403, reason: "You do not have permission to perform this action." },
  ],
  [
    "writeHead with a message",
    (_q, r) => void r.writeHead(401, "Who?", { "WWW-Authenticate": "Bearer" }).end('{"error":"who"}'),
    { status: 401, headers: { "www-authenticate": "Bearer" } },
  ],
];

const REFUSED: [string, RequestHandler, object][] = [
  ["404", (_q, r) => void r.sendStatus(404), { status: 404, code: "not_found", reason: "Not Found" }],
  [
    "422",
    (_q, r) => void r.status(422).json({ errors: [{ msg: "Invalid value" }] }),
    { status: 422, code: "invalid_input", reason: "Invalid value" },
  ],
  ["403 through next()", (_q, _r, next) => next(httpError(403, "No scope")), { status: 403, reason: "No scope" }],
  [
    "403 that is thrown",
    () => {
      throw httpError(403, "No scope");
    },
    { status: 403, reason: "No scope" },
  ],
  [
    "403 that is rejected",
    async () => {
      throw httpError(403, "No scope");
    },
    { status: 403, reason: "No scope" },
  ],
  [
    "an error that must not be shown",
    (_q, _r, next) => next(httpError(403, "secret", { expose: false })),
    { reason: "Forbidden" },
  ],
  [
    "an error with headers",
    (_q, _r, next) => next(httpError(401, "x", { headers: { "WWW-Authenticate": 'Bearer error="invalid_token"' } })),
    { headers: { "www-authenticate": 'Bearer error="invalid_token"' } },
  ],
  [
    "an error whose status is in the response",
    (_q, r, next) => {
      r.statusCode = 403;
      next(Object.assign(new Error("by response"), { expose: true }));
    },
    { status: 403, reason: "by response" },
  ],
  [
    "a redirect",
    (_q, r) => r.redirect("/login"),
    { status: 401, code: "not_authenticated", headers: { location: "/login" } },
  ],
  [
    "a redirect by hand",
    (_q, r) => void r.writeHead(302, { Location: "/login" }).end(),
    { status: 401, headers: { location: "/login" } },
  ],
  ["200", (_q, r) => void r.send("ok"), { status: 403, code: "permission_denied" }],
  ["204", (_q, r) => void r.sendStatus(204), { status: 403 }],
  ["304", (_q, r) => void r.status(304).end(), { status: 403 }],
  ["next('route')", (_q, _r, next) => next("route"), { status: 403 }],
  ["next('router')", (_q, _r, next) => next("router"), { status: 403 }],
  [
    "401, then next()",
    (_q, r, next) => {
      r.sendStatus(401);
      next();
    },
    { status: 401 },
  ],
  [
    "200, then next()",
    (_q, r, next) => {
      r.send("ok");
      next();
    },
    { status: 403 },
  ],
  [
    "next(), then 401",
    (_q, r, next) => {
      next();
      r.status(401).json({ message: "late" });
    },
    { status: 401, reason: "late" },
  ],
  [
    "next(), then 403 in the same turn",
    async (_q, r, next) => {
      next();
      await null;
      r.sendStatus(403);
    },
    { status: 403 },
  ],
  [
    "next(), then a throw",
    (_q, _r, next) => {
      next();
      throw httpError(403, "late");
    },
    { status: 403, reason: "late" },
  ],
  [
    "next(), then next(error)",
    (_q, _r, next) => {
      next();
      next(httpError(402, "late"));
    },
    { status: 402 },
  ],
  [
    "next(), then next('route')",
    (_q, _r, next) => {
      next();
      next("route");
    },
    { status: 403 },
  ],
  [
    "next('route'), then next()",
    (_q, _r, next) => {
      next("route");
      next();
    },
    { status: 403 },
  ],
  [
    "a head that is sent, then next()",
    (_q, r, next) => {
      r.status(401).flushHeaders();
      next();
    },
    { status: 401 },
  ],
];

describe("a middleware denies by", () => {
  test.each(DENIED)("%s, and `not` turns that round", async (_how, middleware, decision) => {
    const rule = fromExpress(middleware, { app });
    expect(await askAction(rule)).toMatchObject({ outcome: "deny", ...decision });
    expect(await askAction(not(rule))).toMatchObject({ outcome: "allow" });
  });
});

describe("a middleware refuses by", () => {
  test.each(REFUSED)("%s, and `not` does not turn that round", async (_how, middleware, decision) => {
    const rule = fromExpress(middleware, { app });
    expect(await askAction(rule)).toMatchObject({ outcome: "error", ...decision });
    expect(await askAction(not(rule))).toMatchObject({ outcome: "error", ...decision });
  });
});

const FAULTS: [string, RequestHandler, object][] = [
  [
    "429",
    (_q, r) => void r.set("Retry-After", "7").status(429).json({ error: "Slow down" }),
    { code: "rate_limited", status: 429, retryAfter: 7, reason: "Slow down" },
  ],
  [
    "429 through next()",
    (_q, _r, next) => next(httpError(429, "Slow down", { headers: { "Retry-After": "3" } })),
    { code: "rate_limited", retryAfter: 3 },
  ],
  [
    "503",
    (_q, r) => void r.status(503).send("database db7 is down"),
    { code: "permission_error", status: 503, reason: "Service Unavailable" },
  ],
  [
    "500 through next()",
    (_q, _r, next) => next(new Error("secret")),
    { code: "permission_error", status: 500, reason: "Internal Server Error" },
  ],
  [
    "a throw",
    () => {
      throw new Error("secret");
    },
    { status: 500, reason: "Internal Server Error" },
  ],
  [
    "a throw of nothing",
    () => {
      throw undefined;
    },
    { status: 500 },
  ],
  [
    "a rejection",
    async () => {
      throw new Error("secret");
    },
    { status: 500 },
  ],
  ["a rejection with nothing", () => Promise.reject() as never, { status: 500 }],
  [
    "an error that cannot be read, later",
    (_q, _r, next) => {
      const trap = () => {
        throw new Error("secret");
      };
      setTimeout(() => next(new Proxy({}, { get: trap, has: trap })), 1);
    },
    { status: 500, error: new Error("secret") },
  ],
  ["a status that is none", (_q, _r, next) => next(httpError(200, "secret")), { status: 500 }],
  ["the request's destruction", (q) => void q.destroy(), { code: "permission_error", status: 500 }],
  ["the response's destruction", (_q, r) => void r.destroy(), { status: 500 }],
  ["the socket's destruction", (q) => void q.socket.destroy(), { status: 500 }],
  [
    "a header with a line break",
    (_q, r, next) => {
      r.set("X-Lang", "en\r\nX-Injected: yes");
      next();
    },
    { status: 500 },
  ],
  [
    "next(), then a throw without a status",
    (_q, _r, next) => {
      next();
      throw new Error("late");
    },
    { status: 500 },
  ],
  [
    "next(), then a rejection",
    async (_q, _r, next) => {
      next();
      throw new Error("late");
    },
    { status: 500 },
  ],
];

describe("a middleware is at fault by", () => {
  test.each(FAULTS)("%s, and `not` does not turn that round", async (_how, middleware, decision) => {
    const rule = fromExpress(middleware, { app });
    expect(await askAction(rule)).toMatchObject({ outcome: "error", ...decision });
    expect(await askAction(not(rule))).toMatchObject({ outcome: "error", ...decision });
    expect(JSON.stringify({ reason: (await askAction(rule)).reason })).not.toMatch(/secret|db7/);
  });

  test("what it has thrown is kept for the logs", async () => {
    const error = new Error("secret");
    expect(
      (
        await ask(() => {
          throw error;
        })
      ).error,
    ).toBe(error);
  });
});

const ALLOWED: [string, RequestHandler | RequestHandler[]][] = [
  ["next()", (_q, _r, next) => next()],
  ["next(), later", (_q, _r, next) => void setTimeout(next, 2)],
  [
    "next() twice",
    (_q, _r, next) => {
      next();
      next();
    },
  ],
  ["next(false)", (_q, _r, next) => next(false)],
  ["next(null)", (_q, _r, next) => next(null)],
  [
    "status(403), then next()",
    (_q, r, next) => {
      r.status(403);
      next();
    },
  ],
  [
    "an async function",
    async (_q, _r, next) => {
      await null;
      next();
    },
  ],
  [
    "writeHead that is replaced",
    (_q, r, next) => {
      const { writeHead } = r;
      r.writeHead = function patched(this: typeof r, ...given: never[]) {
        r.setHeader("x-patched", "1");
        return writeHead.apply(this, given as never);
      } as never;
      next();
    },
  ],
];

describe("a middleware allows by", () => {
  test.each(ALLOWED)("%s", async (_how, middleware) => {
    expect(await ask(...[middleware].flat())).toMatchObject({ outcome: "allow" });
  });

  test("nothing but reaching the end of its chain", async () => {
    const asked: string[] = [];
    const note =
      (name: string): RequestHandler =>
      (_q, _r, next) => {
        asked.push(name);
        next();
      };
    const refuse: RequestHandler = (_q, r) => void r.sendStatus(403);
    const decision = await ask(note("a"), note("b"), refuse, note("never"));
    expect(decision).toMatchObject({ outcome: "deny", status: 403 });
    expect(asked).toEqual(["a", "b"]);
  });

  test("what follows it is not overtaken where it calls next() twice", async () => {
    const twice: RequestHandler = (_q, _r, next) => {
      next();
      next();
    };
    const slow: RequestHandler = (_q, r) => void setTimeout(() => r.sendStatus(401), 2);
    expect(await ask(twice, slow)).toMatchObject({ outcome: "deny", status: 401 });
  });
});
