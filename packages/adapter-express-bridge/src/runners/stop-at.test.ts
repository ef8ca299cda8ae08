import Router from "@koa/router";
import { PermissionMisuse } from "@portcullis/core";
import express, { type ErrorRequestHandler, type RequestHandler } from "express";
import express4 from "express4";
import Koa, { type Middleware } from "koa";
import compose from "koa-compose";
import Koa2 from "koa2";
import { describe, expect, test, vi } from "vitest";
import { askAction, at } from "../../test/support.js";
import { fromExpress, useExpress } from "../index.js";
import { fromKoa } from "../koa.js";

const admin = at({ "x-role": "admin" }, "/rooms/7");
const reader = at({ "x-role": "reader" }, "/rooms/7");
const ALLOWED = { outcome: "allow", evidence: { params: { id: "7" } } };

describe.each([
  ["Express 5", express],
  ["Express 4", express4 as unknown as typeof express],
])("a router of %s", (_version, framework) => {
  const app = framework();
  const make = () => {
    const handler = vi.fn((_q: unknown, r: { sendStatus(status: number): void }) => void r.sendStatus(204));
    const remove: RequestHandler = (request, response) => handler(request, response);
    const isAdmin: RequestHandler = (q, r, next) => (q.get("x-role") === "admin" ? next() : void r.sendStatus(403));
    const router = framework.Router();
    router.post("/rooms/:id", isAdmin, remove);
    return { router, remove, isAdmin, handler };
  };
  const shapes: [string, (router: express.Router) => RequestHandler][] = [
    ["itself", (router) => router],
    ["in a router", (router) => framework.Router().use("/", router)],
    ["in an application", (router) => framework().use("/", router)],
  ];

  test.each(shapes)("runs no function that `stopAt` names: %s", async (_what, wrap) => {
    const { router, remove, handler } = make();
    const rule = fromExpress(wrap(router), { app, stopAt: [remove] });
    expect(await askAction(rule, admin)).toMatchObject(ALLOWED);
    expect(await askAction(rule, reader)).toMatchObject({ outcome: "deny", status: 403 });
    expect(await askAction(rule, at({}, "/orders"))).toMatchObject({ outcome: "error", status: 403 });
    expect(handler).not.toHaveBeenCalled();
  });

  test.each(shapes)("is a misuse where nothing is said of its handlers: %s", (_what, wrap) => {
    const { router, isAdmin } = make();
    const said = "with routes, whose handlers would run: name those that are not to be run";
    expect(() => fromExpress(wrap(router), { app })).toThrow(PermissionMisuse);
    expect(() => fromExpress([isAdmin, wrap(router)], { app })).toThrow(said);
    expect(() => useExpress(wrap(router), { app })).toThrow(said);
  });

  test("may hold guards alone", async () => {
    const { isAdmin } = make();
    const router = framework.Router().post("/rooms/:id", isAdmin);
    const rule = fromExpress(router, { app, stopAt: [] });
    expect(await askAction(rule, admin)).toMatchObject({ outcome: "allow" });
    expect(await askAction(rule, reader)).toMatchObject({ outcome: "deny", status: 403 });
  });

  test("that got its routes later runs none of them", async () => {
    const { remove, handler } = make();
    const router = framework.Router();
    const rule = fromExpress(router, { app });
    router.post("/rooms/:id", remove);
    expect(await askAction(rule, admin)).toMatchObject({
      outcome: "error",
      status: 500,
      error: expect.any(PermissionMisuse),
    });
    expect(handler).not.toHaveBeenCalled();
  });

  test("with its own error handler gives no answer of its own", async () => {
    const repeat: ErrorRequestHandler = (_error, _q, r, _next) => void r.sendStatus(401);
    const router = framework
      .Router()
      .use((_q, _r, next) => next(new Error("db7")))
      .use(repeat);
    expect(await askAction(fromExpress(router, { app }))).toMatchObject({ outcome: "error", status: 401 });
  });

  describe("that is left before its end", () => {
    const ask = (fill: (router: express.Router, remove: RequestHandler) => void, options: object = {}) => {
      const { remove, handler } = make();
      return Promise.all(
        shapes.map(async ([, wrap]) => {
          const router = framework.Router();
          fill(router, remove);
          const stopAt = (options as { stopAt?: [] }).stopAt ?? [remove];
          const { outcome, status } = await askAction(fromExpress(wrap(router), { app, ...options, stopAt }), admin);
          expect(handler).not.toHaveBeenCalled();
          return `${outcome} ${status}`;
        }),
      );
    };
    const leave = (where: "route" | "router") => (_q: unknown, _r: unknown, next: (where: string) => void) =>
      next(where);
    const pass: RequestHandler = (_q, _r, next) => next();
    const refused = shapes.map(() => "error 403");
    const allowed = shapes.map(() => "allow 200");

    test.each(["route", "router"] as const)("refuses by next(%j)", async (where) => {
      expect(await ask((router, remove) => router.post("/rooms/:id", leave(where), remove))).toEqual(refused);
      const guarded = (router: express.Router) => router.post("/rooms/:id", leave(where), pass);
      for (const unmatched of ["deny", "allow"]) {
        expect(await ask(guarded, { stopAt: [], unmatched })).toEqual(refused);
        const behind = (router: express.Router) => router.post("/rooms/:id", pass).post("/rooms/:any", leave(where));
        expect(await ask(behind, { stopAt: [], unmatched })).toEqual(refused);
      }
    });

    test("refuses where a middleware leaves a router without routes", async () => {
      const rule = fromExpress(framework.Router().use(leave("router"), pass), { app });
      expect(await askAction(rule, admin)).toMatchObject({ outcome: "error", status: 403 });
    });

    test("refuses where a param skips its route", async () => {
      const fill = (router: express.Router, remove: RequestHandler) => {
        router.param("id", (_q, _r, next) => next("route"));
        router.post("/rooms/:id", pass, remove);
      };
      expect(await ask(fill)).toEqual(refused);
      expect(await ask((router) => fill(router, pass), { stopAt: [] })).toEqual(refused);
    });

    test("refuses where no function of `stopAt` is reached", async () => {
      const other = (router: express.Router, remove: RequestHandler) =>
        router.all("/rooms/:id", pass).post("/else", remove);
      expect(await ask(other)).toEqual(refused);
      expect(await ask(other, { unmatched: "allow" })).toEqual(refused);
      const recovers = (router: express.Router, remove: RequestHandler) => {
        router.post("/rooms/:id", (_q, _r, next) => next(new Error("db7")), remove);
        router.use(((_error, _q, _r, next) => next()) as ErrorRequestHandler);
      };
      expect(await ask(recovers, { unmatched: "allow" })).toEqual(refused);
    });

    test("allows where a later route is run to its end", async () => {
      const fill = (router: express.Router, end: RequestHandler) =>
        router.post("/rooms/:id", leave("route"), pass).post("/rooms/:id", pass, end);
      expect(await ask(fill)).toEqual(allowed);
      expect(await ask((router) => fill(router, pass), { stopAt: [] })).toEqual(allowed);
    });

    test("falls through where no route matches and that is allowed", async () => {
      const fill = (router: express.Router, remove: RequestHandler) => router.post("/else", remove);
      expect(await ask(fill, { unmatched: "allow" })).toEqual(allowed);
      expect(await ask(fill)).toEqual(refused);
    });

    test("refuses though the chain recovers from its error", async () => {
      const { remove, handler } = make();
      const router = framework.Router().post("/rooms/:id", (_q, _r, next) => next(new Error("db7")), remove);
      const recover: ErrorRequestHandler = (_error, _q, _r, next) => next();
      for (const unmatched of ["deny", "allow"] as const) {
        const rule = fromExpress([router, recover], { app, stopAt: [remove], unmatched });
        expect(await askAction(rule, admin)).toMatchObject({ outcome: "error", status: 403 });
      }
      expect(handler).not.toHaveBeenCalled();
    });
  });

  test("stays as it is", async () => {
    const { router, remove, handler } = make();
    await askAction(fromExpress(router, { app, stopAt: [remove] }), admin);
    await new Promise<void>((resolve) => {
      const request = { method: "POST", url: "/rooms/7", headers: {}, get: () => "admin" };
      const response = { sendStatus: () => resolve() };
      router(request as never, response as never, () => resolve());
    });
    expect(handler).toHaveBeenCalledOnce();
  });

  test("without the named function is a misuse", () => {
    const { router, remove } = make();
    const build = (middlewares: RequestHandler, stopAt: unknown) => () =>
      fromExpress(middlewares, { app, stopAt: stopAt as never });
    expect(build(router, [function other() {}])).toThrow("got `other` in `stopAt`, which is nowhere among");
    expect(build(router, remove)).toThrow("as `stopAt`: give a list of the functions");
    expect(build(router, [(_e: unknown, _q: unknown, _r: unknown, _n: unknown) => {}])).toThrow("as `stopAt`");
    const outer = framework().use(framework().use(router)).post("/", remove);
    expect(build(outer, [remove])).toThrow("cannot look into an application that is mounted");
  });
});

describe.each([
  ["Koa 3", Koa],
  ["Koa 2", Koa2 as typeof Koa],
])("a router before %s", (_version, Framework) => {
  const app = new Framework();
  const make = () => {
    const handler = vi.fn();
    const remove: Middleware = (context) => {
      handler();
      context.status = 204;
    };
    const isAdmin: Middleware = (context, next) => {
      if (context.get("x-role") === "admin") return next();
      context.status = 403;
      return undefined;
    };
    const router = new Router().post("/rooms/:id", isAdmin as never, remove as never);
    return { router, remove, isAdmin, handler };
  };

  test("runs no function that `stopAt` names", async () => {
    const { router, remove, handler } = make();
    for (const one of [router, router.routes(), new Router().use(router.routes()).routes()]) {
      const rule = fromKoa(one as never, { app, stopAt: [remove] });
      expect(await askAction(rule, admin)).toMatchObject(ALLOWED);
      expect(await askAction(rule, reader)).toMatchObject({ outcome: "deny", status: 403 });
      expect(await askAction(rule, at({}, "/orders"))).toMatchObject({ outcome: "error", status: 403 });
    }
    expect(handler).not.toHaveBeenCalled();
  });

  test("refuses where no function of `stopAt` is reached", async () => {
    const { remove, handler } = make();
    const pass: Middleware = (_context, next) => next();
    const other = new Router().all("/rooms/:id", pass as never).post("/else", remove as never);
    const unmatched = new Router().post("/else", remove as never);
    const ask = async (chain: unknown, options: object = {}) => {
      const rule = fromKoa(chain as never, { app, stopAt: [remove], ...options });
      const { outcome, status } = await askAction(rule, admin);
      return `${outcome} ${status}`;
    };
    for (const options of [{}, { unmatched: "allow" }]) {
      expect(await ask(other, options)).toBe("error 403");
      expect(await ask([other, pass], options)).toBe("error 403");
      expect(await ask([unmatched, other], options)).toBe("error 403");
    }
    expect(await ask(unmatched)).toBe("error 403");
    expect(await ask([unmatched, remove])).toBe("error 403");
    expect(await ask(unmatched, { unmatched: "allow" })).toBe("allow 200");
    expect(await ask([pass, remove])).toBe("allow 200");
    expect(handler).not.toHaveBeenCalled();
  });

  test("is a misuse without `stopAt`, or with an unknown function", () => {
    const { router, isAdmin } = make();
    expect(() => fromKoa([isAdmin, router], { app })).toThrow("with routes, whose handlers would run");
    expect(() => fromKoa(router, { app, stopAt: [function other() {}] })).toThrow("got `other` in `stopAt`");
  });

  test("that is hidden in another middleware runs no handler", async () => {
    const { router, remove, handler } = make();
    const hidden = compose([router.routes() as never]);
    for (const options of [{ app }, { app, stopAt: [remove] }]) {
      const chain = options.stopAt ? [hidden, remove] : hidden;
      expect(await askAction(fromKoa(chain as never, options), admin)).toMatchObject({ outcome: "error", status: 500 });
    }
    expect(handler).not.toHaveBeenCalled();
  });
});
