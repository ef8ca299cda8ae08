import Router from "@koa/router";
import { PermissionMisuse } from "@portcullis/core";
import express, { type RequestHandler } from "express";
import express4 from "express4";
import Koa from "koa";
import { expect, test } from "vitest";
import { askAction, askConnect, handshake } from "../../test/support.js";
import { fromExpress, useExpress } from "../index.js";
import { fromKoa } from "../koa.js";

const app = express();
const takesErrors = (_error: unknown, _request: unknown, _response: unknown, next: () => void) => next();

test.each([
  ["a router", express.Router()],
  ["a router of routers", express.Router().use(express.Router())],
  ["an application", express()],
  ["a router of Express 4", express4.Router()],
  ["an application of Express 4", express4()],
  ["an application of Express 4 that holds nothing", express4().use(takesErrors)],
  ["a router of handlers of errors", express.Router().use(takesErrors)],
  ["a router beside a handler of errors", [express.Router(), takesErrors]],
])("%s with nothing to ask is a fault", async (_what, middlewares) => {
  const rule = fromExpress(middlewares as RequestHandler, { app });
  for (const asked of [await askAction(rule), await askConnect(rule)]) {
    expect(asked).toMatchObject({ outcome: "error", status: 500 });
    expect(PermissionMisuse.isInstance(asked.error)).toBe(true);
  }
});

test("a router of Koa with nothing to ask is a fault", async () => {
  for (const router of [new Router(), new Router().use((_context, next) => next())]) {
    const decision = await askAction(fromKoa(router, { app: new Koa() }));
    expect(decision).toMatchObject({ outcome: "error", status: 500 });
    expect(PermissionMisuse.isInstance(decision.error)).toBe(true);
  }
});

test("useExpress lets nobody in by an empty router", async () => {
  await expect(useExpress(express.Router(), { app })(handshake(), {} as never)).rejects.toThrow("nothing to ask");
});

test.each([
  ["one", takesErrors],
  ["several", [takesErrors, takesErrors]],
  ["a guard", (_request: unknown, _response: unknown, next: () => void, _role: unknown) => next()],
])("nothing but functions of four parameters is refused when built: %s", (_what, middlewares) => {
  expect(() => fromExpress(middlewares as RequestHandler, { app })).toThrow("write (request, response, next)");
  expect(() => useExpress(middlewares as RequestHandler, { app })).toThrow(PermissionMisuse);
});

test("a router may get its middlewares after the rule is made", async () => {
  for (const router of [express.Router(), express(), express4()]) {
    const rule = fromExpress(router as RequestHandler, { app });
    router.use(((_request, response) => void response.sendStatus(403)) as RequestHandler);
    expect(await askAction(rule)).toMatchObject({ outcome: "deny", status: 403 });
  }
});

test("a router may get its routes after the rule is made", async () => {
  const router = express.Router();
  const rule = fromExpress(router, { app, stopAt: [] });
  expect(await askAction(rule)).toMatchObject({ status: 500 });
  router.post("/", (_request, _response, next) => next());
  expect(await askAction(rule)).toMatchObject({ outcome: "allow" });
});
