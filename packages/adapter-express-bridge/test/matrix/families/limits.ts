import timeout from "connect-timeout";
import basicAuth from "express-basic-auth";
import { IpFilter } from "express-ipfilter";
import { rateLimit } from "express-rate-limit";
import { slowDown } from "express-slow-down";
import auth from "http-auth";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { basic, check } from "../guards.js";
import { type Row, withExpress } from "../row.js";

type Request = { ip: string; headers: Record<string, string | undefined> };
type Response = {
  set(name: string, value: string): Response;
  status(code: number): Response;
  json(body: unknown): void;
};

const needsKey = check(400, "that is no API key", ({ headers }) => /^[a-z]+$/.test(headers["x-api-key"] ?? ""));
/** Two requests are allowed. A request that fails before it is counted is never allowed. */
const LIMIT_CASES = {
  malformed: { headers: { "x-api-key": "?" } },
  allowed: { headers: { "x-api-key": "ann" }, times: 2 },
  refused: { headers: { "x-api-key": "ann" } },
};
const BASIC_CASES = {
  allowed: { headers: { authorization: basic("ann", "secret") } },
  refused: { headers: { authorization: basic("ann", "wrong") } },
  malformed: { headers: { authorization: "Basic" } },
  refusedWithout: {},
};

export const limitsFamily: Row[] = [
  withExpress("express-rate-limit", "two in a minute", () => ({
    before: needsKey,
    subject: rateLimit({
      windowMs: 60_000,
      limit: 2,
      standardHeaders: true,
      legacyHeaders: false,
      message: { message: "slow down" },
    }),
    cases: LIMIT_CASES,
  })),
  withExpress("express-rate-limit", "only failures count", () => ({
    subject: rateLimit({ windowMs: 60_000, limit: 2, skipSuccessfulRequests: true, message: { message: "slow down" } }),
    after: needsKey,
    cases: {
      allowed: { headers: { "x-api-key": "ann" }, times: 4 },
      malformed: { headers: { "x-api-key": "?" }, times: 2 },
      refused: { headers: { "x-api-key": "ann" } },
    },
  })),
  withExpress("express-rate-limit", "by address behind a trusted proxy", ({ app }) => {
    app.set("trust proxy", 1);
    return {
      before: needsKey,
      subject: rateLimit({ windowMs: 60_000, limit: 1, message: { message: "slow down" } }),
      cases: {
        malformed: { headers: { "x-api-key": "?", "x-forwarded-for": "192.0.2.1" } },
        allowed: { headers: { "x-api-key": "ann", "x-forwarded-for": "192.0.2.1" } },
        refused: { headers: { "x-api-key": "ann", "x-forwarded-for": "192.0.2.1" } },
        allowedElsewhere: { headers: { "x-api-key": "ann", "x-forwarded-for": "192.0.2.2" } },
      },
    };
  }),
  withExpress("rate-limiter-flexible", "two in a minute", () => {
    const limiter = new RateLimiterMemory({ points: 2, duration: 60 });
    return {
      before: needsKey,
      subject: (request: Request, response: Response, next: () => void) =>
        limiter.consume(request.ip).then(
          () => next(),
          ({ msBeforeNext }) => {
            response.set("Retry-After", String(Math.ceil(msBeforeNext / 1000)));
            response.status(429).json({ message: "slow down" });
          },
        ),
      cases: LIMIT_CASES,
    };
  }),
  withExpress("express-slow-down", "the third request is marked as slow", () => ({
    before: needsKey,
    subject: slowDown({ windowMs: 60_000, delayAfter: 2, delayMs: () => 1 }),
    after: check(429, "slow down", ({ slowDown: found }) => (found as { delay: number } | undefined)?.delay === 0),
    cases: LIMIT_CASES,
  })),
  withExpress("express-ipfilter", "addresses behind a trusted proxy", ({ app }) => {
    app.set("trust proxy", true);
    return {
      subject: IpFilter(["192.0.2.1", ["192.0.2.16", "192.0.2.31"]], {
        mode: "allow",
        log: false,
        detectIp: (request: { ip?: string }) => request.ip ?? "",
      } as never) as never,
      cases: {
        allowed: { headers: { "x-forwarded-for": "192.0.2.1" } },
        refused: { headers: { "x-forwarded-for": "192.0.2.2" } },
        malformed: { headers: { "x-forwarded-for": "nonsense" } },
        allowedInRange: { headers: { "x-forwarded-for": "192.0.2.20" } },
        refusedWithout: {},
      },
    };
  }),
  withExpress("connect-timeout", "a check that takes too long", () => ({
    subject: timeout(30),
    after: (request: Request & { timedout: boolean }, response: Response, next: () => void) => {
      const wait = request.headers["x-wait"];
      if (wait === undefined) response.status(400).json({ message: "how long?" });
      else if (wait === "0") next();
      else {
        setTimeout(() => {
          if (!request.timedout) response.status(403).json({ message: "at last" });
        }, 300);
      }
    },
    cases: {
      allowed: { headers: { "x-wait": "0" } },
      refused: { headers: { "x-wait": "for ever" } },
      malformed: {},
    },
  })),
  withExpress("express-basic-auth", "name and password", () => ({
    subject: basicAuth({
      users: { ann: "secret" },
      challenge: true,
      realm: "reports",
      unauthorizedResponse: { message: "who?" },
    }),
    cases: BASIC_CASES,
  })),
  withExpress("http-auth", "name and password", () => {
    const guard = auth.basic({ realm: "reports" }, (name: string, password: string, done: (isRight: boolean) => void) =>
      done(name === "ann" && password === "secret"),
    );
    return {
      subject: (request: unknown, response: unknown, next: () => void) => guard.check(() => next())(request, response),
      cases: BASIC_CASES,
    };
  }),
];
