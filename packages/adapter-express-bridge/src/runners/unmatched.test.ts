import express, { type RequestHandler } from "express";
import express4 from "express4";
import { describe, expect, test } from "vitest";
import { askAction, askConnect, at, handshake } from "../../test/support.js";
import { fromExpress, useExpress } from "../index.js";

const refuse: RequestHandler = (_request, response) => void response.sendStatus(403);
const pass: RequestHandler = (_request, _response, next) => next();
const recover = (_error: unknown, _request: unknown, _response: unknown, next: () => void) => next();

describe.each([
  ["Express 5", express],
  ["Express 4", express4 as unknown as typeof express],
])("a router of %s that runs none of its functions", (_version, framework) => {
  const app = framework();
  const router = () => framework.Router();
  const guarded = () => router().use("/admin", refuse);
  const skips = router().use("/:id", refuse);
  skips.param("id", (_request, _response, next) => next("route"));
  const loads = router().use("/:id", guarded());
  loads.param("id", (_request, _response, next) => next());
  const withApp = (add: (own: express.Application) => unknown) => {
    const own = framework();
    add(own);
    return own;
  };

  const shapes: [string, unknown, string?][] = [
    ["a path", guarded()],
    ["behind a middleware", [pass, guarded()]],
    ["before a middleware", [guarded(), pass]],
    ["in a router", router().use(guarded())],
    ["in a router, behind a middleware", router().use(pass, guarded())],
    ["in a router with its path", router().use("/x", guarded()), "/x"],
    ["an application", withApp((own) => own.use("/admin", refuse))],
    [
      "a mounted application",
      withApp((own) =>
        own.use(
          "/",
          withApp((inner) => inner.use("/admin", refuse)),
        ),
      ),
    ],
    ["an application in a router", router().use(withApp((own) => own.use("/admin", refuse)))],
    ["an empty router behind a middleware", [pass, router()]],
    ["an empty application behind a middleware", [pass, framework()]],
    ["`all` of another path", router().all("/admin", refuse)],
    ["an error handler alone beside a path", router().use(recover).use("/admin", refuse)],
    ["a param before a router", loads, "/7"],
    ["a param that skips its middleware", skips, "/7"],
    ["a path that cannot be decoded", [router().use("/:id", refuse), recover], "/%zz"],
  ];

  test.each(shapes)("is refused, and never negated: %s", async (_what, middlewares, path = "/") => {
    const ask = async (unmatched?: "deny") => {
      const options = { app, stopAt: [], ...(unmatched && { unmatched }) };
      const rule = fromExpress(middlewares as RequestHandler, options);
      const question = at({}, path);
      return [await askAction(rule, question), await askConnect(rule, question)];
    };
    for (const decision of [...(await ask()), ...(await ask("deny"))])
      expect(decision).toMatchObject({ outcome: "error", status: 403 });
    const identify = useExpress(middlewares as RequestHandler, { app, stopAt: [] });
    await expect(identify(handshake({}, path), {} as never)).rejects.toThrow();
  });

  const without = shapes.filter(([what]) => what !== "a param that skips its middleware");
  test.each(without)("passes where that is declared: %s", async (_what, middlewares, path = "/") => {
    const rule = fromExpress(middlewares as RequestHandler, { app, stopAt: [], unmatched: "allow" });
    expect(await askAction(rule, at({}, path))).toMatchObject({ outcome: "allow" });
  });

  test("is refused for a HEAD of a route with POST", async () => {
    const hidden = withApp((own) => own.use(withApp((inner) => inner.post("/", pass))));
    for (const middlewares of [router().post("/", pass), hidden]) {
      const ask = (method: "HEAD" | "POST") =>
        askAction(fromExpress(middlewares, { app, stopAt: [], methods: { create: method } }));
      expect(await ask("HEAD")).toMatchObject({ outcome: "error", status: 403 });
      expect(await ask("POST")).toMatchObject({ outcome: "allow" });
    }
  });

  test.each<[string, unknown, string?]>([
    ["a middleware without a path", router().use(pass).use("/admin", refuse)],
    ["its path", router().use("/x", pass), "/x/y"],
    ["one of two nested routers", router().use(router().use("/x", pass), guarded()), "/x"],
    [
      "a param",
      (() => {
        const own = router().use("/:id", pass);
        return own.param("id", (_request, _response, next) => next()) && own;
      })(),
      "/7",
    ],
  ])("is another than one that ran some: %s", async (_what, middlewares, path = "/") => {
    const rule = fromExpress(middlewares as RequestHandler, { app });
    expect(await askAction(rule, at({}, path))).toMatchObject({ outcome: "allow" });
  });
});
