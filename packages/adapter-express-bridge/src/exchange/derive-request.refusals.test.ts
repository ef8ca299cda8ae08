import { PermissionMisuse } from "@portcullis/core";
import express, { type RequestHandler } from "express";
import express4 from "express4";
import Koa from "koa";
import Koa2 from "koa2";
import { describe, expect, test } from "vitest";
import { askAction, type Question, seen } from "../../test/support.js";
import { type FromExpressOptions, fromExpress } from "../index.js";
import { fromKoa } from "../koa.js";
import { refuseParam } from "./derive-request.js";

const JSON_ONLY = "The message cannot be read as JSON.";
const circular: Record<string, unknown> = {};
circular.self = circular;

describe("a request that cannot be made of what a client has sent", () => {
  test.each<[string, FromExpressOptions, Question, string, number, string]>([
    ["a missing part", { url: "/:id" }, {}, "invalid_input", 400, "`id` is missing or does not fit."],
    [
      "a part that leads up",
      { url: "/a/:b" },
      { payload: { b: ".." } },
      "invalid_input",
      400,
      "`b` is missing or does not fit.",
    ],
    [
      "half a character",
      { url: "/:id" },
      { payload: { id: "\ud800" } },
      "invalid_input",
      400,
      "`id` is missing or does not fit.",
    ],
    ["a circle", {}, { payload: circular }, "invalid_input", 400, JSON_ONLY],
    ["a bigint in the body", { body: () => ({ a: 1n }) }, {}, "invalid_input", 400, JSON_ONLY],
    ["infinity in the body", {}, { payload: { a: JSON.parse("1e999") } }, "invalid_input", 400, JSON_ONLY],
    ...[{ $gt: "" }, null, JSON.parse("1e999"), [["x"]], [null], [undefined], () => 1, "\ud800"].map(
      (filter): [string, FromExpressOptions, Question, string, number, string] => [
        `a query of ${typeof filter}`,
        { query: ({ payload }) => payload, body: () => ({}) },
        { payload: { filter } },
        "invalid_input",
        400,
        "A query cannot be made of what was sent.",
      ],
    ),
    [
      "a name of the query that is half a character",
      { query: ({ payload }) => payload },
      { payload: { "\udfff": "x" } },
      "invalid_input",
      400,
      "A query cannot be made of what was sent.",
    ],
    ["a large body", { maxBody: 6 }, { payload: { a: 1 } }, "payload_too_large", 413, "The message is too large."],
    [
      "a line break",
      { headers: () => ({ a: "1\r\nb: 2" }) },
      {},
      "invalid_input",
      400,
      "A header cannot be made of what was sent.",
    ],
  ])("is refused, and it is said why: %s", async (_what, options, question, code, status, reason) => {
    const { request, decision } = await seen(options, question);
    expect(request).toBeUndefined();
    expect(decision).toMatchObject({ outcome: "error", code, status, reason });
  });
});

describe("a request that cannot be made of what an option returned", () => {
  const OWN = "a header of its own";
  test.each<[string, object, string]>([
    ["no url", { url: () => 7 }, "`url` returned 7: return a path, each part encoded"],
    ["a list", { url: () => ["/a"] }, "`url` returned a list: return a path, each part encoded"],
    ["a host", { url: () => "http://a/b" }, '`url` returned "http://a/b": return a path, each part encoded'],
    [OWN, { headers: () => ({ Upgrade: "x" }) }, '`headers` returned "x" for Upgrade: leave it out'],
    ["a number", { headers: () => ({ "X-A": 7 }) }, "`headers` returned 7 for X-A: leave it out"],
  ])("is a fault that names the option, for the logs: %s", async (_what, options, message) => {
    const { request, decision } = await seen(options);
    expect(request).toBeUndefined();
    expect(decision).toMatchObject({ outcome: "error", code: "permission_error", status: 500 });
    expect(PermissionMisuse.isInstance(decision.error)).toBe(true);
    expect((decision.error as Error).message).toBe(`fromExpress(): ${message}`);
  });
});

describe("a param that is no text", () => {
  const CHAINS: [string, (param: "room" | "other") => Parameters<typeof askAction>[0]][] = [
    ...([express, express4 as unknown as typeof express] as const).map((framework, index): (typeof CHAINS)[number] => [
      `Express ${5 - index}`,
      (param) => {
        const refuse: RequestHandler = (q, r, next) => (q.params[param] === "secret" ? void r.sendStatus(403) : next());
        return fromExpress(refuse, { app: framework(), body: () => ({}) });
      },
    ]),
    ...([Koa, Koa2 as unknown as typeof Koa] as const).map((Framework, index): (typeof CHAINS)[number] => [
      `Koa ${3 - index}`,
      (param) => {
        const refuse = (context: Koa.Context, next: Koa.Next) =>
          context.params[param] === "secret" ? context.throw(403) : next();
        return fromKoa(refuse as never, { app: new Framework(), body: () => ({}) });
      },
    ]),
  ];

  test.each(CHAINS)("refuses a rule that reads it, and no other, of %s", async (_framework, ruleReading) => {
    for (const room of [["secret"], { $gt: "" }, null, JSON.parse("1e999")]) {
      const payload = { room, id: 7 };
      expect(await askAction(ruleReading("room"), { payload })).toMatchObject({
        outcome: "error",
        code: "invalid_input",
        status: 400,
      });
      const { outcome, evidence } = await askAction(ruleReading("other"), { payload });
      expect([outcome, evidence]).toEqual(["allow", expect.objectContaining({ params: { id: "7" } })]);
      expect(Object.getOwnPropertyNames((evidence as { params: object }).params)).toEqual(["id"]);
    }
    expect(await askAction(ruleReading("room"), { payload: { room: undefined } })).toMatchObject({ outcome: "allow" });
  });

  test("says which it is, in at most 40 characters", () => {
    const params: Record<string, unknown> = {};
    const name = "n".repeat(50);
    refuseParam(params, name);
    const message = `\`${"n".repeat(40)}\` does not fit.`;
    expect(() => params[name]).toThrow(expect.objectContaining({ code: "invalid_input", status: 400, message }));
  });

  test("is a property like others once it is set", () => {
    const params: Record<string, unknown> = {};
    refuseParam(params, "room");
    params.room = "lobby";
    const like = Object.getOwnPropertyDescriptor({ room: "lobby" }, "room");
    expect(Object.getOwnPropertyDescriptor(params, "room")).toEqual(like);
  });

  test("may be replaced by a middleware", async () => {
    const replace: RequestHandler = (request, _response, next) => {
      request.params.room = "lobby";
      next();
    };
    const rule = fromExpress(replace, { app: express() });
    expect(await askAction(rule, { payload: { room: ["x"] } })).toMatchObject({
      outcome: "allow",
      evidence: { params: { room: "lobby" } },
    });
  });
});
