import express, { type RequestHandler } from "express";
import express4 from "express4";
import { describe, expect, test } from "vitest";
import { askAction, at } from "../../test/support.js";
import { fromExpress } from "../index.js";

const refuse: RequestHandler = (_request, response) => void response.sendStatus(403);
const pass: RequestHandler = (_request, _response, next) => next();
const remove: RequestHandler = (_request, response) => void response.sendStatus(204);
const REFUSED = { outcome: "error", status: 403 };

/** A function with layers, which runs itself as a router does. */
const like = (stack: readonly object[]) =>
  Object.assign(((_request, _response, next) => next()) as RequestHandler, { stack, handle: pass });

describe.each([
  ["Express 5", express],
  ["Express 4", express4 as unknown as typeof express],
])("a copy of a router of %s", (_version, framework) => {
  const app = framework();
  const router = () => framework.Router();
  const ask = (middlewares: unknown, path = "/x") =>
    askAction(fromExpress(middlewares as RequestHandler, { app, stopAt: [] }), at({}, path));

  test("keeps what its application does before all else", async () => {
    const seen: unknown[] = [];
    const own = framework().use((request, _response, next) => {
      seen.push(request.app);
      next();
    });
    expect(await ask(own)).toMatchObject({ outcome: "allow" });
    expect(seen).toEqual([own]);
  });

  test("counts the functions of a route as those of its path", async () => {
    const guarded = router().use("/admin", refuse);
    expect(await ask(router().post("/:id", pass).use(guarded))).toMatchObject({ outcome: "allow" });
    expect(await ask(router().use(pass).use(guarded))).toMatchObject(REFUSED);
  });

  test("passes over a route that holds nothing", async () => {
    const own = router();
    own.route("/x");
    expect(await ask([pass, own])).toMatchObject(REFUSED);
  });

  test("passes over layers that hold no function", async () => {
    expect(await ask([pass, like([{}, { handle: "none" }])])).toMatchObject(REFUSED);
    expect(await ask(like([{}, { handle: pass }]))).toMatchObject(REFUSED);
  });

  test("finds an application that is mounted in an application of a route", () => {
    const build = (middlewares: unknown) => () => fromExpress(middlewares as RequestHandler, { app, stopAt: [remove] });
    const hiding = framework().use(framework().use(pass));
    const message = "cannot look into an application that is mounted";
    expect(build([pass, hiding, remove])).toThrow(message);
    expect(build([router().post("/", pass, hiding, remove)])).toThrow(message);
    expect(build([router().post("/", pass, framework().use(pass) as never, remove)])).not.toThrow();
  });

  test("names a function without a name in `stopAt`", () => {
    const build = () => fromExpress(pass as never, { app, stopAt: [() => {}] });
    expect(build).toThrow("got `anonymous` in `stopAt`");
  });
});

test("A `*` of Express 4 is no path", async () => {
  const guarded = express4.Router().use("/admin", refuse as never);
  const ask = (path: string) => {
    const own = express4.Router().use(path, pass as never);
    return askAction(fromExpress(own.use(guarded) as never, { app: express() }), at({}, "/x"));
  };
  expect(await ask("*")).toMatchObject(REFUSED);
  expect(await ask("/x")).toMatchObject({ outcome: "allow" });
});

test("An empty route of connect is no path", async () => {
  const ask = (route: string) => {
    const connect: RequestHandler & { stack?: unknown; handle?: RequestHandler } = (request, response, next) =>
      connect.handle?.(request, response, next);
    const handle = function (this: typeof connect, ...input: [unknown, unknown, () => void]) {
      const [first, second] = this.stack as [{ handle: RequestHandler }, { handle: RequestHandler }];
      const [request, response, next] = input as never as Parameters<RequestHandler>;
      first.handle(request, response, () => second.handle(request, response, next));
    };
    const guarded = express.Router().use("/admin", refuse);
    Object.assign(connect, {
      handle,
      stack: [
        { route, handle: pass },
        { route: "", handle: guarded },
      ],
    });
    return askAction(fromExpress(connect, { app: express() }), at({}, "/x"));
  };
  expect(await ask("")).toMatchObject(REFUSED);
  expect(await ask("/x")).toMatchObject({ outcome: "allow" });
});
