import Router from "@koa/router";
import Koa, { type Middleware } from "koa";
import Koa2 from "koa2";
import { describe, expect, test } from "vitest";
import { askAction } from "../../test/support.js";
import { fromKoa } from "../koa.js";

/** A new error each time, because Koa changes thrown errors. */
const error = (message: string) => new Error(message);
const like = (message: string) => expect.objectContaining({ message });

describe.each([
  ["Koa 3", Koa],
  ["Koa 2", Koa2 as typeof Koa],
])("in %s", (_version, Framework) => {
  const app = new Framework();
  const elsewhere = new Router().post("/orders", (_ctx, next) => next()).routes() as unknown as Middleware;
  const cases: [string, Middleware | Middleware[], object, unknown[]][] = [
    [
      "a response by hand counts before a throw",
      (ctx) => {
        ctx.respond = false;
        ctx.res.statusCode = 401;
        ctx.res.end("who?");
        throw error("later");
      },
      { outcome: "error", status: 401, reason: "who?" },
      [like("later")],
    ],
    [
      "a throw counts more than a good response by hand behind the end of the chain",
      async (ctx, next) => {
        await next();
        ctx.respond = false;
        ctx.res.end();
        throw error("later");
      },
      { outcome: "error", status: 500, error: like("later") },
      [],
    ],
    [
      "an error that is only told of counts before a throw",
      (ctx) => {
        ctx.app.emit("error", error("first"), ctx);
        throw error("later");
      },
      { outcome: "error", status: 500, error: like("first") },
      [like("later")],
    ],
    [
      "an error that is only told of counts more than next()",
      (ctx, next) => {
        ctx.app.emit("error", error("first"), ctx);
        return next();
      },
      { outcome: "error", status: 500, error: like("first") },
      [],
    ],
    [
      "an error that is only told of counts more than that no route matches",
      [
        (ctx, next) => {
          ctx.app.emit("error", error("first"), ctx);
          return next();
        },
        elsewhere,
      ],
      { outcome: "error", code: "permission_error", status: 500, error: like("first") },
      [],
    ],
    [
      "an error that is only told of counts more than no answer at all",
      (ctx) => {
        ctx.app.emit("error", error("first"), ctx);
      },
      {
        outcome: "error",
        code: "permission_error",
        status: 500,
        reason: "Internal Server Error",
        error: like("first"),
      },
      [],
    ],
    [
      "an error that says that nothing is there refuses so",
      (ctx) => {
        ctx.app.emit("error", Object.assign(error("first"), { status: 404 }), ctx);
      },
      { outcome: "error", code: "not_found", status: 404, reason: "Not Found" },
      [],
    ],
    [
      "an error that refuses, beside an answer that hides why, is told as that answer",
      (ctx) => {
        ctx.app.emit("error", Object.assign(error("first"), { status: 403 }), ctx);
        ctx.status = 404;
      },
      { outcome: "error", code: "not_found", status: 404, reason: "Not Found" },
      [],
    ],
    [
      "an error that is only told of is nothing for the client, who is told what the response says",
      (ctx) => {
        ctx.status = 400;
        ctx.body = { message: "Bad order" };
        ctx.app.emit("error", error("secret"), ctx);
      },
      { outcome: "error", code: "invalid_input", status: 400, reason: "Bad order" },
      [],
    ],
    [
      "an error that is only told of counts more than a good response",
      (ctx) => {
        ctx.body = "ok";
        ctx.app.emit("error", error("secret"), ctx);
      },
      { outcome: "error", status: 500, reason: "Internal Server Error", error: like("secret") },
      [],
    ],
    [
      "an error that is only told of is the cause of a response that is a fault",
      (ctx) => {
        ctx.app.emit("error", error("secret"), ctx);
        ctx.status = 503;
      },
      { outcome: "error", status: 503, reason: "Service Unavailable", error: like("secret") },
      [],
    ],
    [
      "a throw counts more than a head that is sent",
      (ctx) => {
        ctx.res.flushHeaders();
        throw error("later");
      },
      { outcome: "error", code: "permission_error", status: 500, error: like("later") },
      [],
    ],
    [
      "a response by hand may take its time",
      (ctx) => {
        ctx.respond = false;
        setImmediate(() => {
          ctx.res.statusCode = 401;
          ctx.res.end("who?");
        });
      },
      { outcome: "deny", code: "not_authenticated", status: 401, reason: "who?" },
      [],
    ],
    [
      "300 on the way back refuses",
      async (ctx, next) => {
        await next();
        ctx.status = 300;
      },
      { outcome: "error", status: 403 },
      [],
    ],
    [
      "299 on the way back refuses nothing",
      async (ctx, next) => {
        await next();
        ctx.respond = false;
        ctx.res.statusCode = 299;
        ctx.res.end();
      },
      { outcome: "allow" },
      [],
    ],
    [
      "headers may be set on the way back where no route matches",
      [
        async (ctx, next) => {
          await next();
          ctx.cookies.set("seen", "1");
        },
        elsewhere,
      ],
      { outcome: "error", status: 403, reason: "No route is there for this." },
      [],
    ],
  ];
  test.each(cases)("%s", async (_what, middlewares, decision, told) => {
    const heard: unknown[] = [];
    const rule = fromKoa(middlewares as Middleware, { app, stopAt: [], onError: (error) => heard.push(error) });
    expect(await askAction(rule)).toMatchObject(decision);
    expect(heard).toEqual(told);
  });

  test("a throw is a 500 for whoever logs", async () => {
    const logged: unknown[] = [];
    let closed: Promise<void> | undefined;
    const broken: Middleware = (ctx) => {
      ctx.res.on("finish", () => void logged.push(ctx.res.statusCode));
      closed = new Promise((resolve) => void ctx.res.on("close", resolve));
      throw error("later");
    };
    await askAction(fromKoa(broken, { app }));
    await closed;
    expect(logged).toEqual([500]);
  });
});
