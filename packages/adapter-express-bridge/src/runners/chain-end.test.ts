import Router from "@koa/router";
import { PermissionMisuse } from "@portcullis/core";
import express, { type ErrorRequestHandler, type RequestHandler } from "express";
import express4 from "express4";
import Koa, { type Middleware } from "koa";
import { describe, expect, test, vi } from "vitest";
import { askAction, at, type Question } from "../../test/support.js";
import { fromExpress } from "../index.js";
import { fromKoa } from "../koa.js";

const UNREACHED = /^no function of `stopAt` was reached/;
const UNMATCHED = /^in a router no route was there for the request/;

/** The misuse by which a rule refuses. */
async function misuse(rule: ReturnType<typeof fromExpress>, question?: Question): Promise<string> {
  const decision = await askAction(rule, question);
  expect(decision).toMatchObject({ outcome: "error", status: 403, error: expect.any(PermissionMisuse) });
  return (decision.error as Error).message;
}

describe.each([
  ["Express 5", express],
  ["Express 4", express4 as unknown as typeof express],
])("a chain of %s", (_version, framework) => {
  const app = framework();
  const router = () => framework.Router();
  const pass: RequestHandler = (_request, _response, next) => next();
  const recover: ErrorRequestHandler = (_error, _request, _response, next) => next();
  const fail: RequestHandler = (_request, _response, next) => next(new Error("db7"));
  const make = () => {
    const handler = vi.fn();
    const remove: RequestHandler = (_request, response) => {
      handler();
      response.sendStatus(204);
    };
    return { handler, remove };
  };
  const rule = (chain: unknown[], options: object) => fromExpress(chain as never, { app, ...options });

  test.each(["route", "router"])("goes no further after next(%j)", async (where) => {
    const later = vi.fn();
    const leave: RequestHandler = (_request, _response, next) => {
      next(where);
      next();
    };
    expect(await misuse(rule([leave, later], {}))).toMatch(/^a middleware has called next\("route"\)/);
    expect(later).not.toHaveBeenCalled();
  });

  test("ends at a function of its own that `stopAt` names", async () => {
    const { handler, remove } = make();
    expect(await askAction(rule([pass, remove], { stopAt: [remove] }))).toMatchObject({ outcome: "allow" });
    expect(handler).not.toHaveBeenCalled();
  });

  test("is unmatched by a router whose middleware alone ran", async () => {
    const second = router().use(pass).get("/orders", pass);
    expect(await misuse(rule([router().post("/", pass), second], { stopAt: [] }))).toMatch(UNMATCHED);
  });

  test("is not reached by a later router that falls through", async () => {
    const { handler, remove } = make();
    const first = router().post("/", pass).post("/else", remove);
    const chain = [first, router().post("/else", remove)];
    expect(await misuse(rule(chain, { stopAt: [remove], unmatched: "allow" }))).toMatch(UNREACHED);
    expect(handler).not.toHaveBeenCalled();
  });

  test("is not reached by a router without one, after an error", async () => {
    const { handler, remove } = make();
    const chain = [router().post("/", fail, remove), recover, router().use("/admin", pass)];
    expect(await misuse(rule(chain, { stopAt: [remove], unmatched: "allow" }))).toMatch(UNREACHED);
    expect(handler).not.toHaveBeenCalled();
  });

  test("names the rule where routes came later", async () => {
    const late = router();
    const made = rule([pass, late], {});
    late.post("/", pass);
    expect(await askAction(made)).toMatchObject({
      status: 500,
      error: { message: expect.stringMatching(/^an HTTP rule got a router/) },
    });
  });

  test("is unmatched where a router fails before it asks", async () => {
    const chain = [router().use("/:id", pass), recover, pass];
    expect(await misuse(rule(chain, {}), at({}, "/%zz"))).toMatch(UNMATCHED);
  });
});

describe("a chain of Koa", () => {
  const app = new Koa();
  const go: Middleware = (_context, next) => next();
  const remove: Middleware = () => {};
  const other = new Router().post("/", go as never).post("/else", remove as never);
  const rule = (chain: unknown[], options: object = {}) =>
    fromKoa(chain as never, { app, stopAt: [remove], ...options }) as never;

  test("says why it refuses", async () => {
    expect(await misuse(rule([other]))).toMatch(UNREACHED);
    expect(await misuse(rule([new Router().post("/else", remove as never)]))).toMatch(UNMATCHED);
  });

  test("is refused by an error behind the end that it did not reach", async () => {
    const first: Middleware = async (context, next) => {
      await next();
      await new Promise(setImmediate);
      context.throw(401, "Who are you?");
    };
    const decision = await askAction(rule([first, other]));
    expect(decision).toMatchObject({ outcome: "error", status: 401, reason: "Who are you?" });
  });

  test("whose request is replaced answers as Koa does", async () => {
    const replace: Middleware = (context, next) => {
      context.req = Object.create(context.req);
      return next();
    };
    expect(await askAction(rule([replace, other]))).toMatchObject({ outcome: "error", status: 404 });
  });
});
