import { Readable } from "node:stream";
import type { PermissionLike } from "@portcullis/core";
import express, { type Request, type Response } from "express";
import express4 from "express4";
import Koa, { type Context } from "koa";
import Koa2 from "koa2";
import { describe, expect, test } from "vitest";
import { askAction } from "../test/support.js";
import { dcrfMethods, fromExpress } from "./index.js";
import { fromKoa } from "./koa.js";

const DEFAULT = "You do not have permission to perform this action.";

/** The reasons of a rule for the same request as a GET and as a HEAD, the method of DCRF at connect. */
async function reasons(rule: (methods: Record<string, string>) => PermissionLike): Promise<unknown[]> {
  expect(dcrfMethods.connect).toBe("HEAD");
  const said = [];
  for (const method of ["GET", "HEAD"]) said.push(await askAction(rule({ create: method }) as never));
  return said.map(({ outcome, status, reason }) => ({ outcome, status, reason }));
}

describe.each([
  ["5", express],
  ["4", express4 as unknown as typeof express],
])("Express %s: HEAD and GET refusals have the same reason", (_version, framework) => {
  const nested = framework().use((_request: Request, response: Response) => {
    response.status(403).json({ message: "No" });
  });
  test.each<[string, (request: Request, response: Response) => void, string]>([
    ["json()", (_, r) => void r.status(403).json({ message: "No" }), "No"],
    ["send() of a text", (_, r) => void r.status(403).send("No"), "No"],
    ["send() of bytes", (_, r) => void r.status(403).type("text").send(Buffer.from("No")), "No"],
    ["send() of an object", (_, r) => void r.status(403).send({ error: "No" }), "No"],
    ["end() of a text", (_, r) => void r.status(403).end("No"), "No"],
    ["nothing", (_, r) => void r.status(403).end(), DEFAULT],
    ["too long a text", (_, r) => void r.status(403).json({ message: "No", pad: "x".repeat(9000) }), DEFAULT],
    [
      "json() behind a middleware that has put its own in the place of send()",
      (_, r) => {
        const { send } = r;
        r.send = function own(this: Response, body?: unknown) {
          return send.call(this, body);
        };
        r.status(403).json({ message: "No" });
      },
      "No",
    ],
    [
      "send() twice, of which the second is too late",
      (_, r) => {
        r.status(403).send("No");
        r.send();
      },
      "No",
    ],
    ["json() of an application inside", (q, r) => void nested(q, r, () => {}), "No"],
  ])("%s", async (_what, answer, reason) => {
    const app = framework();
    const rule = (methods: Record<string, string>) =>
      fromExpress((request, response) => answer(request as Request, response as Response), { app, methods } as never);
    const said = { outcome: "deny", status: 403, reason };
    expect(await reasons(rule)).toEqual([said, said]);
  });

  test("a body that a middleware holds back gives no reason", async () => {
    const app = framework();
    const answer = (_request: unknown, response: Response) => {
      const { end } = response;
      response.end = (() => end.call(response, undefined, "utf8")) as never;
      response.status(403).send("No");
    };
    const rule = fromExpress(answer as never, { app });
    expect(await askAction(rule)).toMatchObject({ status: 403, reason: DEFAULT });
  });
});

test("Express 4: send() of a status and a body has the reason of the body", async () => {
  const send: unknown = (_request: Request, response: { send(status: number, body: unknown): void }) =>
    response.send(403, "No");
  const app = express4();
  const said = { outcome: "deny", status: 403, reason: "No" };
  expect(await reasons((methods) => fromExpress(send as never, { app, methods } as never))).toEqual([said, said]);
});

describe.each([
  ["3", Koa],
  ["2", Koa2 as unknown as typeof Koa],
])("Koa %s: HEAD and GET refusals have the same reason", (_version, Framework) => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  test.each<[string, unknown, string]>([
    ["an object", { message: "No" }, "No"],
    ["a text", "No", "No"],
    ["bytes", Buffer.from("No"), DEFAULT],
  ])("%s", async (_what, body, reason) => {
    const rule = (methods: Record<string, string>) =>
      fromKoa(
        (context: Context) => {
          context.status = 403;
          context.body = body;
        },
        { app: new Framework(), methods } as never,
      );
    const said = { outcome: "deny", status: 403, reason };
    expect(await reasons(rule)).toEqual([said, said]);
  });

  test.each([
    ["a stream", () => Readable.from(["No"])],
    ["what is no JSON", () => cyclic],
  ])("%s says nothing", async (_what, body) => {
    const rule = fromKoa(
      (context: Context) => {
        context.status = 403;
        context.body = body();
        // Otherwise Koa would compute the length of a body that it does not write.
        context.set("content-length", "2");
      },
      { app: new Framework(), methods: { create: "HEAD" } } as never,
    );
    expect(await askAction(rule as never)).toMatchObject({ status: 403, reason: DEFAULT });
  });
  test("a body that a middleware holds back gives no reason", async () => {
    const rule = fromKoa(
      (context: Context) => {
        const { res } = context;
        const { end } = res;
        res.end = (() => end.call(res, undefined, "utf8")) as never;
        context.status = 403;
        context.body = "No";
      },
      { app: new Framework() } as never,
    );
    expect(await askAction(rule as never)).toMatchObject({ status: 403, reason: DEFAULT });
  });
});
