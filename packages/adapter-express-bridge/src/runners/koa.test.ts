import { EventEmitter } from "node:events";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import Router from "@koa/router";
import Koa, { type Middleware } from "koa";
import Koa2 from "koa2";
import { describe, expect, test } from "vitest";
import { askAction, handshake, scopeOf } from "../../test/support.js";
import { fromKoa } from "../koa.js";

const go: Middleware = (_context, next) => next();

describe.each([
  ["Koa 3", Koa],
  ["Koa 2", Koa2 as typeof Koa],
])("a context of %s", (_version, Framework) => {
  const app = new Framework();
  const ask = (middlewares: unknown, options: object = {}) =>
    askAction(fromKoa(middlewares as never, { app, timeout: 60_000, stopAt: [], ...options }));
  const router = () => new Router();

  describe("whose request is replaced", () => {
    const replace: Middleware = (context, next) => {
      context.req = new IncomingMessage(new Socket());
      return next();
    };
    test("passes by no end of a chain", async () => {
      expect(await ask(replace)).toMatchObject({ outcome: "error", code: "permission_denied", status: 403 });
    });
    test("is no other where no route matches", async () => {
      expect(await ask([replace, router().post("/orders", go as never)])).toMatchObject({
        outcome: "error",
        code: "not_found",
        status: 404,
      });
    });
    test("is refused as its middlewares refuse", async () => {
      const refuse: Middleware = (context) => context.throw(401, "Who are you?");
      expect(await ask([replace, refuse])).toMatchObject({
        outcome: "error",
        code: "not_authenticated",
        status: 401,
        reason: "Who are you?",
      });
    });
  });

  test("tells its application of what middlewares want to tell", async () => {
    const own = new Framework();
    const told: unknown[] = [];
    own.on("audit", (error: Error, context: Koa.Context) => void told.push([error, context.path]));
    const tell: Middleware = (context, next) => {
      told.push(context.app.emit("audit", new Error("seen"), context), context.app.emit("nobody", 1));
      return next();
    };
    expect(await ask(tell, { app: own })).toMatchObject({ outcome: "allow" });
    expect(told).toEqual([[new Error("seen"), "/"], true, false]);
  });

  test("refuses as its middlewares do, although an error listener throws", async () => {
    const own = new Framework();
    const thrown = new Error("the log is full");
    own.on("error", () => {
      throw thrown;
    });
    const heard = new EventEmitter();
    const late = new Promise((resolve) => heard.once("late", resolve));
    const refuse: Middleware = (context) => context.throw(401, "Who are you?");
    const options = { app: own, onError: (error: unknown) => heard.emit("late", error) };
    expect(await ask(refuse, options)).toMatchObject({
      outcome: "error",
      code: "not_authenticated",
      status: 401,
      reason: "Who are you?",
    });
    expect(await late).toBe(thrown);
  });

  test("is a fault if an error listener throws", async () => {
    const own = new Framework();
    own.on("error", () => {
      throw new Error("the log is full");
    });
    const broken = () => {
      throw new Error("db7");
    };
    expect(await ask(broken, { app: own, onError() {} })).toMatchObject({
      outcome: "error",
      code: "permission_error",
      status: 500,
      reason: "Internal Server Error",
      error: new Error("db7"),
    });
  });

  test("is answered by hand although an error listener throws afterwards", async () => {
    const own = new Framework();
    own.on("error", () => {
      throw new Error("the log is full");
    });
    const byHand: Middleware = (context) => {
      context.respond = false;
      context.res.statusCode = 401;
      context.res.end("who?");
      throw new Error("later");
    };
    const heard: unknown[] = [];
    const options = { app: own, onError: (error: unknown) => void heard.push(error) };
    expect(await ask(byHand, options)).toMatchObject({ outcome: "error", status: 401, reason: "who?" });
    expect(heard.map((error) => (error as Error).message)).toEqual(["later", "the log is full"]);
  });

  test("needs no response end after an error listener has thrown", async () => {
    const own = new Framework();
    own.on("error", () => {
      throw new Error("the log is full");
    });
    const broken: Middleware = (context) => {
      context.res.end = () => {
        throw new Error("no end");
      };
      context.throw(401);
    };
    const heard: unknown[] = [];
    const options = { app: own, onError: (error: unknown) => void heard.push(error) };
    expect(await ask(broken, options)).toMatchObject({ outcome: "error", status: 401 });
    expect(heard).toEqual([new Error("the log is full")]);
  });

  describe("in which there is a router", () => {
    test("is refused by an error behind an unmatched route", async () => {
      const first: Middleware = async (context, next) => {
        await next();
        await new Promise(setImmediate);
        context.throw(401, "Who are you?");
      };
      expect(await ask([first, router().post("/orders", go as never)])).toMatchObject({
        outcome: "error",
        status: 401,
        reason: "Who are you?",
      });
    });

    test("has it as over HTTP: a property as any other", async () => {
      const found: unknown[] = [];
      const look: Middleware = (context, next) => {
        found.push(context.router, Object.keys(context).includes("router"), delete context.router, context.router);
        return next();
      };
      const own = router().post("/", look as never);
      expect(await ask(own)).toMatchObject({ outcome: "allow" });
      expect(found).toEqual([own, true, true, undefined]);
    });

    test("is let pass by one of several routes", async () => {
      const own = router()
        .get("/", go as never)
        .post("/", go as never)
        .post("/orders", go as never);
      expect(await ask(own)).toMatchObject({ outcome: "allow" });
    });

    test.each([undefined, null, "orders", {}, { stack: [{}] }])(
      "says nothing where what stands there is none (%j)",
      async (other) => {
        const set: Middleware = (context, next) => {
          context.router = other;
          return next();
        };
        expect(await ask(set)).toMatchObject({ outcome: "allow" });
      },
    );
  });

  describe("for which who is there is taken from the scope", () => {
    const seen = async (extra: object, own = app) => {
      const found: unknown[] = [];
      const look: Middleware = (context, next) => {
        found.push(["user" in context.state, "user" in context.req, "session" in context, context.session]);
        return next();
      };
      const scope = scopeOf(handshake(), extra as Record<string, unknown>);
      await askAction(fromKoa(look, { app: own, user: "scope" }), { scope });
      return found[0];
    };
    test.each([undefined, null])("has nothing where nobody is (%s)", async (nobody) => {
      expect(await seen({ user: nobody, session: nobody })).toEqual([false, false, false, undefined]);
    });
    test("keeps a session of its own", async () => {
      const own = new Framework();
      Object.assign(own.context, { session: { id: "own" } });
      const extra = { user: { id: 1 }, session: { id: "scope" } };
      expect(await seen(extra, own)).toEqual([true, true, true, { id: "own" }]);
      expect(await seen(extra)).toEqual([true, true, true, { id: "scope" }]);
    });
  });
});
