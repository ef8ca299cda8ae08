import Router from "@koa/router";
import { not } from "@portcullis/core";
import Koa, { type Middleware } from "koa";
import compose from "koa-compose";
import mount from "koa-mount";
import Koa2 from "koa2";
import { afterEach, describe, expect, test, vi } from "vitest";
import { askAction, askConnect, handshake, scopeOf } from "../../test/support.js";
import { fromKoa } from "../koa.js";

afterEach(() => void vi.restoreAllMocks());

describe.each([
  ["Koa 3", Koa],
  ["Koa 2", Koa2 as typeof Koa],
])("a middleware of %s", (_version, Framework) => {
  const app = new Framework();
  const ask = (...middlewares: Middleware[]) => askAction(fromKoa(middlewares, { app }));

  const answers: [string, Middleware, object][] = [
    ["next()", (_ctx, next) => next(), { outcome: "allow" }],
    ["next() that is not waited for", (_ctx, next) => void next(), { outcome: "allow" }],
    [
      "a status before next()",
      (ctx, next) => {
        ctx.status = 403;
        return next();
      },
      { outcome: "allow" },
    ],
    [
      "another method",
      (ctx, next) => {
        ctx.method = "PUT";
        return next();
      },
      { outcome: "error", code: "permission_denied", status: 403 },
    ],
    [
      "another good status on the way back",
      async (ctx, next) => {
        await next();
        ctx.status = 201;
        ctx.body = "made";
      },
      { outcome: "allow" },
    ],
    [
      "ctx.respond = false",
      (ctx, next) => {
        ctx.respond = false;
        return next();
      },
      { outcome: "allow" },
    ],
    [
      "ctx.throw(401)",
      (ctx) => ctx.throw(401, "who?"),
      { outcome: "error", code: "not_authenticated", status: 401, reason: "who?" },
    ],
    [
      "ctx.throw with headers",
      (ctx) => ctx.throw(401, "who?", { headers: { "WWW-Authenticate": "Basic" } }),
      { status: 401, headers: { "www-authenticate": "Basic" } },
    ],
    [
      "a 403 without next()",
      (ctx) => {
        ctx.status = 403;
        ctx.body = { error: "not yours" };
      },
      { outcome: "deny", status: 403, reason: "not yours" },
    ],
    ["nothing at all", () => {}, { outcome: "error", status: 404 }],
    [
      "a body without next()",
      (ctx) => {
        ctx.body = "ok";
      },
      { outcome: "error", status: 403 },
    ],
    ["a redirect", (ctx) => ctx.redirect("/login"), { outcome: "error", status: 401, headers: { location: "/login" } }],
    [
      "a throw on the way back",
      async (ctx, next) => {
        await next();
        ctx.throw(403, "after all");
      },
      { outcome: "error", status: 403, reason: "after all" },
    ],
    [
      "a status on the way back",
      async (ctx, next) => {
        await next();
        ctx.status = 401;
        ctx.body = "after all";
      },
      { outcome: "error", status: 401, reason: "after all" },
    ],
    [
      "a redirect on the way back",
      async (ctx, next) => {
        await next();
        ctx.redirect("/x");
      },
      { outcome: "error", status: 401 },
    ],
    [
      "a response by hand",
      (ctx) => {
        ctx.respond = false;
        ctx.res.statusCode = 401;
        ctx.res.end("who?");
      },
      { outcome: "deny", status: 401, reason: "who?" },
    ],
    [
      "next(), then a response by hand",
      async (ctx, next) => {
        await next();
        ctx.respond = false;
        ctx.res.statusCode = 401;
        ctx.res.end("who?");
      },
      { outcome: "error", status: 401 },
    ],
    [
      "a response by hand, then next()",
      async (ctx, next) => {
        ctx.res.statusCode = 401;
        ctx.res.end("who?");
        await next();
      },
      { outcome: "error", status: 401 },
    ],
    [
      "429",
      (ctx) => {
        ctx.status = 429;
        ctx.set("Retry-After", "4");
        ctx.body = "slow down";
      },
      { outcome: "error", code: "rate_limited", retryAfter: 4, reason: "slow down" },
    ],
    [
      "a throw",
      () => {
        throw new Error("secret");
      },
      { outcome: "error", code: "permission_error", status: 500, reason: "Internal Server Error" },
    ],
    [
      "a throw of something else",
      () => {
        throw "secret";
      },
      { outcome: "error", status: 500 },
    ],
    [
      "next() twice",
      async (_ctx, next) => {
        await next();
        await next();
      },
      { outcome: "error", status: 500 },
    ],
    [
      "503",
      (ctx) => {
        ctx.status = 503;
      },
      { outcome: "error", status: 503, reason: "Service Unavailable" },
    ],
    ["the request's destruction", (ctx) => void ctx.req.destroy(), { outcome: "error", status: 500 }],
    [
      "a header with a line break",
      (ctx, next) => {
        ctx.set("x-lang", "en\r\nx-injected: 1");
        return next();
      },
      { outcome: "error", status: 500 },
    ],
  ];
  test.each(answers)("that does %s", async (_what, middleware, decision) => {
    expect(await ask(middleware)).toMatchObject(decision);
    expect(await askConnect(fromKoa(middleware, { app }))).toMatchObject(decision);
    const negated = await askAction(not(fromKoa(middleware, { app })));
    if ((decision as { outcome?: string }).outcome === "error") expect(negated.outcome).toBe("error");
  });

  test("that never settles is a fault after its time", async () => {
    const silent: Middleware = () => new Promise(() => {});
    expect(await askAction(fromKoa(silent, { app, timeout: 20 }))).toMatchObject({
      code: "permission_timeout",
      status: 503,
    });
  });

  test("that breaks the end of the response is a fault", async () => {
    const broken: Middleware = (ctx, next) => {
      ctx.respond = false;
      ctx.res.end = () => {
        throw new Error("secret");
      };
      return next();
    };
    expect(await ask(broken)).toMatchObject({ outcome: "error", status: 500 });
  });

  test("keeps what it has thrown for the logs", async () => {
    const error = new Error("secret");
    expect(
      (
        await ask(() => {
          throw error;
        })
      ).error,
    ).toBe(error);
  });

  test("leaves evidence", async () => {
    const find: Middleware = async (ctx, next) => {
      ctx.state.user = { id: 1 };
      ctx.state.plan = "pro";
      await next();
    };
    const { evidence } = await askAction(fromKoa(find, { app }), { payload: { id: 7 } });
    expect(evidence).toMatchObject({ user: { id: 1 }, locals: { plan: "pro" }, params: { id: "7" } });
  });

  test("sees the body, and the user only on request", async () => {
    const seen: unknown[] = [];
    const look: Middleware = (ctx, next) => {
      seen.push([(ctx.request as { body?: unknown }).body, ctx.state.user, ctx.session]);
      return next();
    };
    const scope = scopeOf(handshake(), { user: { id: 1 }, session: { id: "s" } });
    const question = { payload: { a: 1 }, scope };
    await askAction(fromKoa(look, { app }), question);
    await askAction(fromKoa(look, { app, user: "scope" }), question);
    await askAction(fromKoa(look, { app, user: "scope" }));
    expect(seen).toEqual([
      [{ a: 1 }, undefined, undefined],
      [{ a: 1 }, { id: 1 }, { id: "s" }],
      [{}, undefined, undefined],
    ]);
  });

  test("uses the application, and changes nothing of it", async () => {
    const own = new Framework();
    own.proxy = true;
    own.context.plan = "pro";
    own.use(() => {
      throw new Error("the application's own middlewares are not asked");
    });
    const look: Middleware = (ctx, next) => (ctx.plan === "pro" && ctx.ip === "192.0.2.9" ? next() : undefined);
    const rule = fromKoa(look, { app: own });
    const scope = scopeOf(handshake({ "x-forwarded-for": "192.0.2.9" }));
    const before = own.middleware.length;
    expect(await askAction(rule, { scope })).toMatchObject({ outcome: "allow" });
    expect([own.middleware.length, own.listenerCount("error")]).toEqual([before, 0]);
  });

  test("reaches only the error listeners of the application", async () => {
    const print = vi.spyOn(console, "error").mockImplementation(() => {});
    const own = new Framework();
    const heard = vi.fn();
    await askAction(
      fromKoa(
        () => {
          throw new Error("x");
        },
        { app: own },
      ),
    );
    expect(print).not.toHaveBeenCalled();
    own.on("error", heard);
    await askAction(fromKoa((ctx: Koa.Context) => ctx.throw(401), { app: own }));
    expect(heard).toHaveBeenCalledWith(expect.objectContaining({ status: 401 }), expect.anything());
  });

  test("of many questions at once passes none by another's chain", async () => {
    const byBody: Middleware = async (ctx, next) => {
      const { wait, isGood } = (ctx.request as { body?: unknown }).body as { wait: number; isGood: boolean };
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (isGood) await next();
      else ctx.throw(403);
    };
    const rule = fromKoa(byBody, { app });
    const payloads = Array.from({ length: 40 }, (_, index) => ({ wait: index % 7, isGood: index % 3 === 0 }));
    const decisions = await Promise.all(payloads.map((payload) => askAction(rule, { payload })));
    expect(decisions.map(({ outcome }) => outcome === "allow")).toEqual(payloads.map(({ isGood }) => isGood));
  });

  describe("that is a router in which no route matches", () => {
    const go: Middleware = (_ctx, next) => next();
    const routed = (path: string) => new Router().post(path, go as never) as unknown as Router;
    const outer = new Router();
    outer.use("/x", routed("/orders").routes());
    const refused: [string, unknown][] = [
      ["another path", routed("/orders").routes()],
      ["a router itself", routed("/orders")],
      ["another method", new Router().get("/", go as never).routes()],
      ["nested", outer.routes()],
      ["composed", compose([go, routed("/orders").routes()])],
      ["mounted", mount("/", routed("/orders").routes())],
      ["behind another that matches", [routed("/").routes(), routed("/orders").routes()]],
      ["before another that matches", [routed("/orders").routes(), routed("/").routes()]],
      ["before one without routes", [routed("/orders").routes(), new Router().use(go as never).routes()]],
    ];
    test.each(refused)("refuses: %s", async (_what, middleware) => {
      expect(await askAction(fromKoa(middleware as never, { app, stopAt: [] }))).toMatchObject({
        outcome: "error",
        status: 403,
      });
      expect(await askAction(fromKoa(middleware as never, { app, stopAt: [], unmatched: "allow" }))).toMatchObject({
        outcome: "allow",
      });
    });
    test("says nothing where one matches", async () => {
      const rule = fromKoa([go, routed("/")] as never, { app, stopAt: [] });
      expect(await askAction(rule)).toMatchObject({ outcome: "allow" });
    });
    // A router of Koa runs its middlewares only where one of its routes matches.
    test("refuses where it has none, or belongs to another host", async () => {
      const refuse: Middleware = (ctx) => ctx.throw(403);
      const hidden = compose([new Router().use(refuse as never).routes() as never]);
      const others = [new Router(), new Router().use(refuse as never), hidden];
      for (const chain of [
        ...others.map((one) => [go, one]),
        new Router({ host: "other.example" }).all("/", go as never),
      ]) {
        const ask = (unmatched: "deny" | "allow") => askAction(fromKoa(chain as never, { app, stopAt: [], unmatched }));
        expect(await ask("deny")).toMatchObject({ outcome: "error", status: 403 });
        expect(await ask("allow")).toMatchObject({ outcome: "allow" });
      }
    });
  });
});

test("what cannot work is said at once", () => {
  const app = new Koa();
  const go: Middleware = (_ctx, next) => next();
  expect(() => fromKoa(go, {} as never)).toThrow("got undefined as `app`: give the Koa application");
  expect(() => fromKoa(go, undefined as never)).toThrow("as `app`");
  expect(() => fromKoa([], { app })).toThrow("got no middleware");
  expect(() => fromKoa([{}] as never, { app })).toThrow("got an object: give a function");
  expect(() => fromKoa(function* old() {} as never, { app })).toThrow("wrap it, as in convert(old)");
  expect(() => fromKoa(go, { app, keys: [] } as never)).toThrow("has no option `keys`");
  expect(fromKoa([go, function check() {}], { app }).name).toBe("fromKoa(go, check)");
});
