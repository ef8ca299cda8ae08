import { not, PermissionMisuse } from "@portcullis/core";
import express, { type ErrorRequestHandler, type RequestHandler } from "express";
import session from "express-session";
import express4 from "express4";
import Koa, { type Middleware } from "koa";
import { describe, expect, test, vi } from "vitest";
import { askAction, askConnect, handshake } from "../../test/support.js";

import { fromExpress, useExpress } from "../index.js";
import { fromKoa } from "../koa.js";

const app = express();

/** The factory of a guard. */
function requireRole(...roles: string[]): RequestHandler {
  return (request, response, next) =>
    roles.includes(String(request.get("x-role"))) ? next() : void response.sendStatus(403);
}
const CALL_IT =
  "fromExpress() got `requireRole`, which returned a function: call it, as in fromExpress(requireRole(...))";
const SOON = 2_000;

/** The decision, which has to come long before the deadline. */
async function soon<T>(asked: Promise<T>): Promise<T> {
  const began = performance.now();
  const decision = await asked;
  expect(performance.now() - began).toBeLessThan(SOON);
  return decision;
}

describe("a factory that was not called", () => {
  test.each<[string, unknown, string]>([
    ["itself", requireRole, CALL_IT],
    ["of a promise", async () => requireRole("admin"), "a middleware without a name, which returned a function"],
    ["of express-session", session, "call it, as in fromExpress(session(...))"],
    ["in a router", express.Router().use(requireRole as never), CALL_IT],
    ["in a router of Express 4", express4.Router().use(requireRole as never), CALL_IT],
    ["of a promise in a router", express.Router().use(async () => requireRole()), "a middleware without a name"],
    ["in a route", express.Router().all("/", requireRole as never), CALL_IT],
  ])("is a fault at once: %s", async (_what, middleware, message) => {
    const rule = fromExpress(middleware as RequestHandler, { app, stopAt: [] });
    for (const asked of [rule, not(rule)]) {
      for (const decision of [await soon(askAction(asked)), await soon(askConnect(asked))]) {
        expect(decision).toMatchObject({ outcome: "error", status: 500, error: expect.any(PermissionMisuse) });
        expect((decision.error as Error).message).toContain(message);
      }
    }
  });

  test.each([
    ["a text", "isOwner", "got `isOwner`, which returned a function: call it, as in fromExpress(isOwner(...))"],
    ["an empty text", "", "got a middleware without a name, which returned a function: call it, as in fromExpress(r"],
    ["a number", 7, "got a middleware without a name, which returned a function: call it, as in fromExpress(requireR"],
  ])("is named as far as it has a name: %s", async (_what, name, message) => {
    const factory = Object.defineProperty(() => requireRole(), "name", { value: name });
    const { error } = await soon(askAction(fromExpress(factory as never, { app })));
    expect((error as Error).message).toContain(message);
  });

  test("is named after its caller", async () => {
    const asked = useExpress(requireRole as never, { app })(handshake(), {} as never);
    await expect(soon(asked)).rejects.toThrow("as in useExpress(requireRole(...))");
  });

  test.each<[string, Middleware]>([
    ["itself", requireRole as never],
    ["of a promise", (async () => requireRole()) as never],
  ])("is a fault before Koa too: %s", async (_what, middleware) => {
    const decision = await soon(askAction(fromKoa(middleware, { app: new Koa() })));
    expect(decision).toMatchObject({ outcome: "error", status: 500, error: expect.any(PermissionMisuse) });
    expect((decision.error as Error).message).toContain("which returned a function: call it, as in fromKoa(");
  });
});

describe("a middleware that returns a function", () => {
  const unsubscribe = () => {};
  test("may call next() later", async () => {
    const later: RequestHandler = (_request, _response, next) => {
      setTimeout(next, 5);
      return unsubscribe;
    };
    const resolved: RequestHandler = async (request, response, next) => later(request, response, next);
    for (const one of [later, resolved])
      expect(await askAction(fromExpress(one, { app }))).toMatchObject({ outcome: "allow" });
  });

  test("is no factory where it has answered", async () => {
    const refuse = (_request: unknown, response: express.Response) => {
      response.sendStatus(403);
      return unsubscribe;
    };
    const pass: Middleware = async (_context, next) => {
      await next();
      return unsubscribe;
    };
    expect(await askAction(fromExpress(refuse as never, { app }))).toMatchObject({ outcome: "deny", status: 403 });
    expect(await askAction(fromKoa(pass, { app: new Koa() }))).toMatchObject({ outcome: "allow" });
  });
});

describe("the cause of a timeout", () => {
  const forget: RequestHandler = function forget() {};
  const wait: RequestHandler = function wait() {
    return new Promise(() => {});
  } as RequestHandler;
  const begin: RequestHandler = function begin(_request, response) {
    response.write("one");
  };
  const make = function make(_request: unknown, _response: unknown, _next: unknown) {
    return () => {};
  };
  const fail: RequestHandler = (_request, _response, next) => next(new Error("failed"));
  const forgetError: ErrorRequestHandler = function forgetError(_error, _request, _response, _next) {};
  const pass: RequestHandler = (_request, _response, next) => next();
  const silent = "`forget` has returned without calling next() or answering";
  const param = express.Router().use("/:id", pass);
  param.param("id", forget);

  test.each<[string, unknown, string]>([
    ["silence", forget, silent],
    ["silence behind another", [pass, forget], silent],
    ["silence in a router", express.Router().use(pass, forget), silent],
    ["silence of an error handler", [fail, forgetError], "`forgetError` has returned without calling next()"],
    ["silence of a param", [param], silent],
    ["a promise", wait, "`wait` has returned a promise that did not settle"],
    ["a promise in a router", express.Router().use(wait), "`wait` has returned a promise that did not settle"],
    ["an answer without an end", begin, "`begin` has begun an answer, and did not end it"],
    ["a factory that takes three parameters", make, "call it, as in fromExpress(make(...))"],
  ])("is told: %s", async (_what, middlewares, message) => {
    const rule = fromExpress(middlewares as RequestHandler, { app, timeout: 30, url: "/7" });
    const decision = await askAction(rule);
    expect(decision).toMatchObject({ outcome: "error", code: "permission_timeout", status: 503 });
    expect((decision.error as Error | undefined)?.message).toContain(message);
  });

  test("is told of Koa without an answer", async () => {
    const forget: Middleware = function forget(context) {
      context.respond = false;
    };
    const { error } = await askAction(fromKoa(forget, { app: new Koa(), timeout: 30 }));
    expect((error as Error).message).toBe(silent);
  });

  test("is told of Koa", async () => {
    const middleware: Middleware = function wait() {
      return new Promise(() => {});
    };
    const { error } = await askAction(fromKoa(middleware, { app: new Koa(), timeout: 30 }));
    expect((error as Error).message).toBe("`wait` has returned a promise that did not settle");
  });

  test("is told where no deadline is given", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const asked = askAction(fromExpress(forget, { app }));
    await vi.advanceTimersByTimeAsync(6_000);
    vi.useRealTimers();
    expect(await asked).toMatchObject({ code: "permission_timeout", error: new Error(silent) });
  });
});
