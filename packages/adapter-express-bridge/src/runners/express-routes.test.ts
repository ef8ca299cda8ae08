import express, { type RequestHandler, Router } from "express";
import { describe, expect, test } from "vitest";
import { askAction } from "../../test/support.js";
import { fromExpress } from "../index.js";

const app = express();
const go: RequestHandler = (_request, _response, next) => next();
const routed = () => Router().post("/", go);

describe("a function that looks like a router", () => {
  const like = (own: object) => Object.assign(((_request, _response, next) => next()) as RequestHandler, own);
  test.each([
    ["a list of that name", { stack: [{}] }],
    ["a list without a route", { stack: [{ route: null }] }],
    ["a router of its own", { router: Router().get("/orders", go) }],
    ["a request of its own", { request: {} }],
    ["a request of its own, and a router that is none", { request: {}, router: {} }],
  ])("is a middleware as any other: %s", async (_what, own) => {
    expect(await askAction(fromExpress(like(own), { app }))).toMatchObject({ outcome: "allow" });
  });
});

describe("a router", () => {
  test("that fails before it comes to a route says so", async () => {
    const error = Object.assign(new Error("Who are you?"), { status: 401, expose: true });
    const router = Router()
      .use((_request, _response, next) => next(error))
      .get("/orders", go);
    expect(await askAction(fromExpress(router, { app, stopAt: [] }))).toMatchObject({
      outcome: "error",
      code: "not_authenticated",
      status: 401,
      reason: "Who are you?",
    });
  });

  test("leaves its route to the middlewares behind it", async () => {
    const paths: unknown[] = [];
    const look: RequestHandler = (request, _response, next) => {
      paths.push(request.route?.path);
      next();
    };
    expect(await askAction(fromExpress([routed(), look, look], { app, stopAt: [] }))).toMatchObject({
      outcome: "allow",
    });
    expect(paths).toEqual(["/", "/"]);
  });
});
