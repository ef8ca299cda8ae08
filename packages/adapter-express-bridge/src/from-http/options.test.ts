import express, { type RequestHandler, type Router } from "express";
import express4 from "express4";
import { describe, expect, test } from "vitest";
import { askAction } from "../../test/support.js";
import { fromExpress, useExpress } from "../index.js";

const app = express();
const next: RequestHandler = (_request, _response, go) => go();
const build =
  (middlewares: unknown, options: unknown = { app }) =>
  () =>
    fromExpress(middlewares as never, options as never);

describe("what cannot work is said at once", () => {
  test.each([
    ["no middleware", build([]), "got no middleware"],
    ["only empty lists", build([[], [[]]]), "got no middleware"],
    ["nothing", build(undefined), "got undefined: give a function"],
    ["an object", build([next, {}]), "got an object: give a function"],
    ["no application", build(next, {}), "got undefined as `app`: give the Express application"],
    ["an application that is none", build(next, { app: {} }), "got an object as `app`"],
    ["an application of something else", build(next, { app: () => {} }), "as `app`"],
    ["an unknown option", build(next, { app, retries: 1 }), "has no option `retries`"],
    ["a wrong timeout", build(next, { app, timeout: 0 }), "`timeout` is 0"],
    ["a wrong size", build(next, { app, maxBody: "1kb" }), 'got "1kb" as `maxBody`: give a number of bytes'],
    ["a wrong `unmatched`", build(next, { app, unmatched: true }), "as `unmatched`"],
    ["a wrong `user`", build(next, { app, user: "request" }), "as `user`"],
    ["a `stopAt` of no function", build(next, { app, stopAt: ["a"] }), "as `stopAt`"],
    ["a `stopAt` of a list", build(next, { app, stopAt: [[next]] }), "as `stopAt`"],
    ["a wrong name", build(next, { app, name: "" }), "as `name`"],
    ["a wrong function", build(next, { app, headers: {} }), "got an object as `headers`: give a function"],
    ["a wrong url", build(next, { app, url: "orders" }), 'got "orders" as `url`'],
    ["a url with a line break", build(next, { app, url: "/a\r\nX: 1" }), "as `url`"],
    ["a wrong method", build(next, { app, methods: { list: "get" } }), "as the method of `list`"],
    ["a method without a look", build(next, { app, methods: { list: "OPTIONS" } }), "as the method of `list`"],
    ["methods that are a list", build(next, { app, methods: [] }), "`methods` got an empty list"],
    ["a hydrate that is none", () => useExpress(next, { app, hydrate: 1 as never }), "as `hydrate`"],
    [
      "an option that is not for useExpress",
      () => useExpress(next, { app, maxBody: 1 } as never),
      "has no option `maxBody`",
    ],
  ])("%s", (_what, make, message) => {
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({ code: "permission_misuse" }));
  });
});

describe("an application", () => {
  test("may be left out where it is among the middlewares", async () => {
    const own = express();
    own.use((request, response, go) => (request.app === own ? go() : response.sendStatus(403)));
    expect(await askAction(fromExpress(own))).toMatchObject({ outcome: "allow" });
  });
  test("is not needed by plain middlewares", async () => {
    const plain = (request: { headers: object }, response: { statusCode: number; end(): void }, go: () => void) => {
      if ("host" in request.headers) go();
      else {
        response.statusCode = 403;
        response.end();
      }
    };
    expect(await askAction(fromExpress(plain, { app: null }))).toMatchObject({ outcome: "allow" });
    const wrong: RequestHandler = (_request, response) => void response.status(403);
    expect(await askAction(fromExpress(wrong, { app: null }))).toMatchObject({ outcome: "error", status: 500 });
  });
  test("that is mounted gives back what it changes", async () => {
    const inner = express();
    inner.use((_request, _response, go) => go());
    const after: RequestHandler = (request, _response, go) =>
      go(request.app === app ? undefined : new Error("another"));
    expect(await askAction(fromExpress([inner, after], { app }))).toMatchObject({ outcome: "allow" });
  });
});

describe.each([
  ["express", express],
  ["express4", express4 as typeof express],
])("a router of %s in which no route matches", (_version, framework) => {
  const own = framework();
  const routerOf = (add: (router: Router) => void) => {
    const router = framework.Router();
    add(router);
    return router;
  };
  const withRoute = () => routerOf((router) => router.get("/orders", next));
  const ask = (middlewares: never, unmatched?: "allow") =>
    askAction(fromExpress(middlewares, { app: own, stopAt: [], ...(unmatched && { unmatched }) }), {
      action: "create",
    });

  test.each([
    ["another path, another method", () => withRoute()],
    ["nested", () => routerOf((router) => router.use("/x", withRoute()))],
    ["behind another that matches", () => [routerOf((router) => router.all("/", next)), withRoute()]],
    [
      "an application",
      () => {
        const inner = framework();
        inner.get("/orders", next);
        return inner;
      },
    ],
    [
      "a mounted application",
      () => {
        const [outer, inner] = [framework(), framework()];
        inner.get("/orders", next);
        outer.use("/x", inner);
        return outer;
      },
    ],
  ])("refuses: %s", async (_what, make) => {
    expect(await ask(make() as never)).toMatchObject({ outcome: "error", status: 403 });
    expect(await ask(make() as never, "allow")).toMatchObject({ outcome: "allow" });
  });

  test("says nothing where one matches, or where it holds middlewares alone", async () => {
    expect(await ask(routerOf((router) => router.post("/", next)) as never)).toMatchObject({ outcome: "allow" });
    expect(await ask(routerOf((router) => router.use(next)) as never)).toMatchObject({ outcome: "allow" });
  });

  test("is known by routes that were added later", async () => {
    const router = framework.Router();
    const rule = fromExpress([next, router], { app: own, stopAt: [] });
    expect(await askAction(rule)).toMatchObject({ outcome: "error", status: 403 });
    router.get("/orders", next);
    expect(await askAction(rule)).toMatchObject({ outcome: "error", status: 403 });
    router.post("/", next);
    expect(await askAction(rule)).toMatchObject({ outcome: "allow" });
  });
});
