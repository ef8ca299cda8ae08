import express, { type ErrorRequestHandler, type RequestHandler } from "express";
import express4 from "express4";
import { describe, expect, test } from "vitest";
import { askAction, at } from "../../test/support.js";
import { fromExpress } from "../index.js";

const refuse: RequestHandler = (_request, response) => void response.sendStatus(403);
const pass: RequestHandler = (_request, _response, next) => next();
const later: RequestHandler = (_request, _response, next) => void setTimeout(next, 5);
const recover: ErrorRequestHandler = (_error, _request, _response, next) => next();
const unsubscribe = () => {};
const REFUSED = { outcome: "error", status: 403 };

describe.each([
  ["Express 5", express],
  ["Express 4", express4 as unknown as typeof express],
])("a path through %s", (_version, framework) => {
  const app = framework();
  const router = () => framework.Router();
  const ask = (middlewares: unknown, method = "POST", path = "/7") =>
    askAction(
      fromExpress(middlewares as RequestHandler, { app, stopAt: [], methods: { create: method as "POST" } }),
      at({}, path),
    );
  /** An application in which another one is mounted, whose functions cannot be counted. */
  const mounting = (fill: (inner: express.Application) => unknown) => {
    const inner = framework();
    fill(inner);
    return framework().use(inner);
  };

  type Route = ReturnType<typeof app.route<"/:id">>;
  type Fill = (route: Route) => unknown;
  test.each<[string, string, Fill]>([
    ["of any method", "POST", (route) => route.all(pass)],
    ["of its method", "POST", (route) => route.post(pass)],
    ["of its method, beside another", "POST", (route) => route.get(refuse).post(pass)],
    ["of GET for a HEAD", "HEAD", (route) => route.get(pass)],
    ["of GET for a HEAD, beside another", "HEAD", (route) => route.post(refuse).get(pass)],
    ["of HEAD", "HEAD", (route) => route.get(refuse).head(pass)],
  ])("allows by a route of a mounted application: %s", async (_what, method, fill) => {
    expect(
      await ask(
        mounting((inner) => fill(inner.route("/:id"))),
        method,
      ),
    ).toMatchObject({ outcome: "allow" });
  });

  test.each<[string, string, Fill]>([
    ["for every method", "POST", (route) => route.all(recover as never)],
    ["for its method", "POST", (route) => route.get(pass).post(recover as never)],
    ["for HEAD", "HEAD", (route) => route.get(pass).head(recover as never)],
    ["for GET, by a HEAD", "HEAD", (route) => route.post(pass).get(recover as never)],
  ])("refuses where such a route takes errors alone: %s", async (_what, method, fill) => {
    expect(
      await ask(
        mounting((inner) => fill(inner.route("/:id"))),
        method,
      ),
    ).toMatchObject(REFUSED);
  });

  test.each([{}, null, "none", { stack: "none" }, { stack: [null, {}] }])(
    "counts no `request.route` of a middleware: %j",
    async (route) => {
      const note: RequestHandler = (request, _response, next) => {
        Object.assign(request, { route });
        next();
      };
      expect(await ask(mounting((inner) => inner.use(note)))).toMatchObject(REFUSED);
    },
  );

  test("counts no route that was there before", async () => {
    const route = router().post("/", pass).stack[0]?.route;
    const note: RequestHandler = (request, _response, next) => {
      Object.assign(request, { route });
      next();
    };
    const own = framework().use(note).use(framework().use("/admin", refuse));
    expect(await ask(own)).toMatchObject(REFUSED);
  });

  test("counts a route of a mounted application as one by path", async () => {
    const own = mounting((inner) => inner.post("/:id", pass)).use(router().use("/admin", refuse));
    expect(await ask(own)).toMatchObject({ outcome: "allow" });
  });

  test.each([
    ["a middleware", () => router().use("/:id", refuse)],
    ["a route", () => router().post("/:id", refuse)],
  ])("refuses where a param leaves its router before %s", async (_what, make) => {
    const own = make();
    own.param("id", (_request, _response, next) => next("router"));
    expect(await ask(own)).toMatchObject(REFUSED);
  });

  test("takes a function that is returned after next() for no factory", async () => {
    const hastily = (...input: [unknown, unknown, () => void]) => {
      input[2]();
      return unsubscribe;
    };
    const withParam = router().use("/:id", later);
    withParam.param("id", hastily as never);
    expect(await ask(router().use(hastily as never, later))).toMatchObject({ outcome: "allow" });
    expect(await ask(withParam)).toMatchObject({ outcome: "allow" });
  });

  test("refuses where a router throws before it asks", async () => {
    const broken = Object.assign(((_request, _response, _next) => {}) as RequestHandler, {
      stack: [{ handle: pass }],
      handle() {
        throw new Error("db7");
      },
    });
    expect(await ask([broken, recover])).toMatchObject(REFUSED);
  });
});
