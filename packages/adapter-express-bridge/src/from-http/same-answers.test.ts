import { STATUS_CODES } from "node:http";
import type { Decision } from "@portcullis/core";
import { notAuthenticated } from "@portcullis/core/internal";
import express, { type RequestHandler } from "express";
import fc from "fast-check";
import Koa, { type Middleware } from "koa";
import { expect, test } from "vitest";
import { askConnect, handshake, scopeOf } from "../../test/support.js";
import { fromExpress, useExpress } from "../index.js";
import { fromKoa, useKoa } from "../koa.js";

const app = express();
const koa = Object.assign(new Koa(), { silent: true });
koa.on("error", () => {});

interface Said {
  readonly status: number;
  readonly way: "answered" | "thrown";
  readonly retryAfter: number | undefined;
}

/** The same refusal as a middleware of Express and as one of Koa. */
function refusing({ status, way, retryAfter }: Said): { inExpress: RequestHandler; inKoa: Middleware } {
  const headers: Record<string, string> = retryAfter === undefined ? {} : { "retry-after": `${retryAfter}` };
  const error = Object.assign(new Error("no"), { status, expose: true, headers });
  return {
    inExpress: (_request, response, next) => {
      if (way === "thrown") next(error);
      else response.set(headers).status(status).json({ message: "no" });
    },
    inKoa: (context) => {
      if (way === "thrown") throw error;
      context.set(headers);
      context.status = status;
      context.body = { message: "no" };
    },
  };
}

type Authenticate = (from: never, asked: object) => Promise<unknown>;

/** The decision of a guard with this `authenticate`. */
async function decide(authenticate: Authenticate, asked: object): Promise<Decision> {
  return authenticate(handshake() as never, asked).then(() => expect.fail("is not refused"), notAuthenticated);
}

const toldBy = ({ status, code, reason, retryAfter, headers }: Decision) => ({
  status,
  code,
  // A fault with 500 is what the middlewares have thrown.
  ...(status !== 500 && { reason, retryAfter, headers: { ...headers } }),
});

const statuses = fc.oneof(
  fc.constantFrom(400, 401, 403, 404, 409, 429, 500, 503),
  fc.constantFrom(
    ...Object.keys(STATUS_CODES)
      .map(Number)
      .filter((status) => status >= 400),
  ),
);
const said = fc.record({
  status: statuses,
  way: fc.constantFrom("answered" as const, "thrown" as const),
  retryAfter: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
});
const times = fc.constantFrom({}, { previous: {} });

test("`useExpress` and `useKoa` refuse as a rule does", async () => {
  const property = fc.asyncProperty(said, times, async (one, asked) => {
    const { inExpress, inKoa } = refusing(one);
    const pairs: [Decision, Decision][] = [
      [await askConnect(fromExpress(inExpress, { app })), await decide(useExpress(inExpress, { app }), asked)],
      [await askConnect(fromKoa(inKoa, { app: koa })), await decide(useKoa(inKoa, { app: koa }), asked)],
    ];
    for (const [rule, guard] of pairs) {
      expect(toldBy(guard)).toEqual(toldBy(rule));
      const isDenial = one.status === 401 || one.status === 403;
      expect(guard.outcome).toBe(isDenial ? "deny" : "error");
      if (one.way === "answered") expect(rule.outcome).toBe(guard.outcome);
    }
  });
  await fc.assert(property, { numRuns: 200 });
});

const OTHERS = Object.assign(new Error("no"), { status: 401, response: { status: 401 } });
const REST: [string, RequestHandler, object][] = [
  ["a redirect is a denial", (_q, r) => r.redirect("/login"), { outcome: "deny", status: 401 }],
  ["an answer of another server is a fault", (_q, _r, next) => next(OTHERS), { outcome: "error", status: 401 }],
  ["an answer without a verdict is a fault", (_q, r) => void r.send("ok"), { outcome: "error", status: 403 }],
  ["a route that was left is a fault", (_q, _r, next) => next("route"), { outcome: "error", status: 403 }],
  ["no answer is a fault", () => {}, { outcome: "error", status: 503, code: "permission_timeout" }],
  ["a destroyed request is a fault", (q) => void q.destroy(), { outcome: "error", status: 500 }],
];
test.each(REST)("%s", async (_what, middleware, expected) => {
  const options = { app, timeout: 20 };
  const rule = await askConnect(fromExpress(middleware, options));
  for (const asked of [{}, { previous: {} }]) {
    const decision = await decide(useExpress(middleware, options), asked);
    expect(decision).toMatchObject({ ...expected, by: "authenticate" });
    expect(toldBy(decision)).toEqual(toldBy(rule));
  }
});

test("a header that cannot be sent is a fault", async () => {
  const headers = () => ({ authorization: "a\r\nb" });
  const rule = await askConnect(
    fromExpress((_q, _r, next) => next(), { app, headers }),
    { scope: scopeOf() },
  );
  const decision = await decide(
    useExpress((_q, _r, next) => next(), { app, headers }),
    {},
  );
  expect([decision.outcome, toldBy(decision)]).toEqual(["error", toldBy(rule)]);
});
