import Router from "@koa/router";
import { PermissionMisuse } from "@portcullis/core";
import Koa, { type Middleware } from "koa";
import compose from "koa-compose";
import { describe, expect, test } from "vitest";
import { askAction } from "../../test/support.js";
import { fromKoa } from "../koa.js";

const app = new Koa();
const go: Middleware = (_context, next) => next();
const ask = (chain: unknown, options: object = {}) => askAction(fromKoa(chain as never, { app, ...options }));
const REFUSED = { outcome: "error", status: 403 };

describe("a middleware that keeps something as `router`", () => {
  const keeping = (router: unknown) => [go, Object.assign(((_context, next) => next()) as Middleware, { router })];

  test.each([{}, { stack: "none" }, { stack: null }, { stack: [{}] }, { stack: [{ methods: ["POST"] }] }])(
    "is one as any other if that is no router: %j",
    async (router) => {
      expect(await ask(keeping(router), { stopAt: [] })).toMatchObject({ outcome: "allow" });
    },
  );

  test("is a router of another kind if that has layers and `routes`", async () => {
    const router = { stack: [{}], routes: () => go };
    expect(await ask(keeping(router), { stopAt: [] })).toMatchObject(REFUSED);
    expect(await ask(keeping(router), { stopAt: [], unmatched: "allow" })).toMatchObject({ outcome: "allow" });
  });
});

describe("a context whose `router` a middleware sets", () => {
  const setting = (router: unknown): Middleware => {
    return (context, next) => {
      context.router = router;
      return next();
    };
  };

  test.each([{}, { stack: "none" }, { stack: null }, { stack: [{}] }])(
    "passes where that has no routes: %j",
    async (router) => {
      expect(await ask(setting(router))).toMatchObject({ outcome: "allow" });
      expect(await ask(setting(router), { stopAt: [] })).toMatchObject({ outcome: "allow" });
    },
  );

  test.each<[string, unknown, object]>([
    ["a router without routes", new Router(), {}],
    ["a list with a route", { stack: [{ methods: ["POST"] }] }, { stopAt: [] }],
  ])("is unmatched by %s", async (_what, router, options) => {
    expect(await ask(setting(router), options)).toMatchObject(REFUSED);
    expect(await ask(setting(router), { ...options, unmatched: "allow" })).toMatchObject({ outcome: "allow" });
  });
});

test("A router with middlewares alone may be passed without `stopAt`", async () => {
  const chain = [go, new Router().use(go as never).routes()];
  expect(await ask(chain)).toMatchObject(REFUSED);
  expect(await ask(chain, { unmatched: "allow" })).toMatchObject({ outcome: "allow" });
});

test("A hidden router with routes is a misuse of the rule", async () => {
  const hidden = compose([new Router().post("/", go as never).routes() as never]);
  const { error } = await ask(hidden);
  expect(error).toBeInstanceOf(PermissionMisuse);
  expect((error as Error).message).toMatch(/^an HTTP rule got a router or an application with routes/);
});
