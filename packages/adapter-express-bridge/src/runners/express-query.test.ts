import express, { type Request, type RequestHandler, type Response } from "express";
import express4 from "express4";
import { describe, expect, test } from "vitest";
import { askAction, at } from "../../test/support.js";
import { fromExpress } from "../index.js";

/** A message for a GET. The query cannot represent the value of `none`. */
const UNFIT = { action: "list", payload: { none: null, q: "1" } };

describe.each([
  ["Express 5", express],
  ["Express 4", express4 as unknown as typeof express],
])("a request of %s", (_version, framework) => {
  const app = framework();
  const ask = (
    look: (request: Request, response: Response) => void,
    question: object,
    own: typeof app | null = app,
  ) => {
    const middleware: RequestHandler = (request, response, next) => {
      look(request, response);
      next();
    };
    return askAction(fromExpress(middleware, { app: own }), question);
  };

  test("has a query as any other property, although it lacks a value", async () => {
    const seen: unknown[] = [];
    const decision = await ask((request) => {
      seen.push(request.query.q, Object.keys(request).includes("query"));
      request.query = { q: "2" };
      seen.push(request.query.q, Reflect.deleteProperty(request, "query"));
    }, UNFIT);
    expect(decision).toMatchObject({ outcome: "allow" });
    expect(seen).toEqual(["1", true, "2", true]);
  });

  test("lets nobody read the value that its query lacks", async () => {
    expect(await ask((request) => void request.query.none, UNFIT)).toMatchObject({ outcome: "error" });
  });

  test.each([
    ["a fitting", { action: "list", payload: { q: "1" } }],
    ["an unfit", UNFIT],
  ])("has no query without an application: %s message", async (_what, question) => {
    const seen: unknown[] = [];
    await ask((request) => void seen.push("query" in request), question, null);
    expect(seen).toEqual([false]);
  });

  test.each(["GET", "HEAD"])("has no methods of a response without an application: %s", async (method) => {
    const seen: unknown[] = [];
    const look: RequestHandler = (_request, response, next) => {
      seen.push("send" in response);
      next();
    };
    await askAction(fromExpress(look, { app: null, methods: { create: method as "GET" } }));
    expect(seen).toEqual([false]);
  });

  test("has a `send` of its response as any other property, for a HEAD", async () => {
    const seen: unknown[] = [];
    const look: RequestHandler = (_request, response, next) => {
      seen.push(Reflect.deleteProperty(response, "send"), typeof response.send);
      next();
    };
    await askAction(fromExpress(look, { app, methods: { create: "HEAD" } }));
    expect(seen).toEqual([true, "function"]);
  });
});

test("The query of Express 5 is that of the present URL", async () => {
  const seen: unknown[] = [];
  const rewrite: RequestHandler = (request, _response, next) => {
    seen.push(request.query.a);
    request.url = "/x?a=2";
    seen.push(request.query.a);
    next();
  };
  await askAction(fromExpress(rewrite, { app: express() }), at({}, "/x?a=1"));
  expect(seen).toEqual(["1", "2"]);
});
