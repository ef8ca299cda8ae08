import { AllowAny, definePolicy, permission } from "@portcullis/core";
import express, { type RequestHandler } from "express";
import Koa, { type Middleware } from "koa";
import { describe, expect, test } from "vitest";
import { fromExpress, parity, toExpress, useExpress } from "./index.js";
import { fromKoa, toKoa } from "./koa.js";

const app = express();
const koa = new Koa();
const next: RequestHandler = (_request, _response, go) => go();
const go: Middleware = (_context, proceed) => proceed();
const policy = definePolicy({
  actions: { open: AllowAny, edit: permission("edit", { object: ({ object }) => object === 1 }) },
});
const untabled = definePolicy({ permissions: AllowAny });

const from = (options: object) => () => fromExpress(next, { app, ...options } as never);
const to =
  (options: object, action: unknown = "open", asked: unknown = policy) =>
  () =>
    toExpress(asked as never, action as never, options as never);
const use = (options: object) => () => useExpress(next, { app, ...options } as never);

const LIST = "give a function (request, response, next), or a list of them";
const PATH = 'give a path that begins with a slash, as in "/orders/:id", or a function';
const VERB = 'give one in capitals that asks for something, as in "POST"';
const KOA = "give the Koa application whose settings count, as in { app: new Koa() }";
const EXPRESS =
  "give the Express application whose settings count, as in { app: express() }, or null for middlewares that need none";
const TO_OPTIONS = "authenticate, payload, object, connect, timeout, challenge, onDecision, trace";
const TO_POLICY = "got an object as its policy: give what definePolicy({ ... }) returned";
const TO_OBJECTS = "the rule of `edit` only knows objects: give { object: (request) => ... }";
const USE_OPTIONS = "app, headers, hydrate, timeout, unmatched, stopAt, onError";
const CHALLENGE = "a header value, as in 'Bearer realm=\"app\"'";
const TIME = "give milliseconds, from 1 to 2147483647";

describe("an invalid call throws a message with the correction", () => {
  const said: [() => unknown, string][] = [
    [
      () => fromExpress([], { app }),
      "fromExpress() got no middleware: give at least one, as in fromExpress(requireLogin)",
    ],
    [() => fromExpress(7 as never, { app }), `fromExpress() got 7: ${LIST}`],
    [from({ name: 7 }), "fromExpress() got 7 as `name`: give a short text"],
    [from({ name: "" }), 'fromExpress() got "" as `name`: give a short text'],
    [from({ user: "me" }), 'fromExpress() got "me" as `user`: give "scope" or false'],
    [from({ unmatched: true }), 'fromExpress() got true as `unmatched`: give "deny" or "allow"'],
    [from({ maxBody: 0 }), "fromExpress() got 0 as `maxBody`: give a number of bytes"],
    [from({ maxBody: -1 }), "fromExpress() got -1 as `maxBody`: give a number of bytes"],
    [from({ maxBody: 1.5 }), "fromExpress() got 1.5 as `maxBody`: give a number of bytes"],
    [from({ body: {} }), "fromExpress() got an object as `body`: give a function"],
    [from({ timeout: 0 }), `\`timeout\` is 0: ${TIME}`],
    [from({ url: ["/orders"] }), `fromExpress() got a list as \`url\`: ${PATH}`],
    [from({ url: "orders/:id" }), `fromExpress() got "orders/:id" as \`url\`: ${PATH}`],
    [from({ url: "http://host/orders" }), `fromExpress() got "http://host/orders" as \`url\`: ${PATH}`],
    [from({ app: {} }), `fromExpress() got an object as \`app\`: ${EXPRESS}`],
    ...["OPTIONS", "CONNECT", "TRACE", "get"].map((method): [() => unknown, string] => [
      from({ methods: { list: method } }),
      `fromExpress() got \`${method}\` as the method of \`list\`: ${VERB}`,
    ]),
    [use({ hydrate: 1 }), "useExpress() got 1 as `hydrate`: give a function"],
    [use({ headers: 1 }), "useExpress() got 1 as `headers`: give a function"],
    [use({ headers: null }), "useExpress() got null as `headers`: give a function"],
    [use({ timeout: -1 }), `\`timeout\` is -1: ${TIME}`],
    [use({ unmatched: 1 }), 'useExpress() got 1 as `unmatched`: give "deny" or "allow"'],
    [use({ maxBody: 1 }), `useExpress() has no option \`maxBody\`: the options are ${USE_OPTIONS}`],
    [() => fromKoa([], { app: koa }), "fromKoa() got no middleware: give at least one, as in fromKoa(requireLogin)"],
    [() => fromKoa(null as never, { app: koa }), `fromKoa() got null: ${LIST}`],
    [() => fromKoa([go, undefined] as never, { app: koa }), `fromKoa() got undefined: ${LIST}`],
    ...[
      {},
      { middleware: [], callback() {} },
      { context: {}, callback() {} },
      { context: {}, middleware: [] },
      { context: {}, middleware: {}, callback() {} },
    ].map((wrong): [() => unknown, string] => [
      () => fromKoa(go, { app: wrong } as never),
      `fromKoa() got an object as \`app\`: ${KOA}`,
    ]),
    [to({}, "open", {}), `toExpress() ${TO_POLICY}`],
    [() => toKoa({} as never, "open"), `toKoa() ${TO_POLICY}`],
    [to({}, "nothing"), 'toExpress() got "nothing" as its action: give one of the policy: open, edit'],
    [to({}, 7), "toExpress() got 7 as its action: give one of the policy: open, edit"],
    [to({}, 7, untabled), "toExpress() got 7 as its action: give its name"],
    [to({}, "edit"), `toExpress(): ${TO_OBJECTS}`],
    [to({ objects: 1 }), `toExpress() has no option \`objects\`: write \`object\`; the options are ${TO_OPTIONS}`],
    [to(null as never), `toExpress() got null: give an object with ${TO_OPTIONS}`],
    [to({ payload: 1 }), "toExpress() got 1 as `payload`: give a function"],
    [to({ connect: 1 }), "toExpress() got 1 as `connect`: give true or false"],
    [to({ trace: null }), "toExpress() got null as `trace`: give true or false"],
    [to({ challenge: 7 }), `toExpress() got 7 as \`challenge\`: give ${CHALLENGE}`],
    [to({ challenge: "a\nb" }), `toExpress() got "a?b" as \`challenge\`: give ${CHALLENGE}`],
    [to({ timeout: 0 }), `\`timeout\` is 0: ${TIME}`],
  ];
  test.each(said.map(([make, message]) => [message, make] as const))("%s", (message, make) => {
    const told = () => {
      try {
        return make();
      } catch (error) {
        return error;
      }
    };
    expect(told()).toMatchObject({ code: "permission_misuse", message });
  });

  test.each<[string, () => Promise<unknown>, string]>([
    [
      "no policy",
      () => parity({} as never, next, [{ action: "open" }], { app }),
      "parity() got an object as its policy: give what definePolicy({ ... }) returned",
    ],
    [
      "no case",
      () => parity(policy, next, [], { app }),
      'parity() got no case: give at least one, as in { action: "ping" }',
    ],
    [
      "no action",
      () => parity(policy, next, [{ action: "open" }, {}], { app }),
      'parity(): case 1 has no action: give { action }, or { phase: "connect" }',
    ],
  ])("by parity, of %s", async (_what, ask, message) => {
    await expect(ask()).rejects.toMatchObject({ code: "permission_misuse", message });
  });

  test("and nothing where an option is left out, or fits", () => {
    expect(from({ maxBody: 1, name: "a" })).not.toThrow();
    expect(use({ unmatched: "allow", onError() {} })).not.toThrow();
    expect(to({ connect: undefined, trace: undefined, challenge: undefined })).not.toThrow();
  });
});

describe("an application that is none", () => {
  test.each([
    ["nothing", undefined],
    ["a request that is none", { request: 7, response: {} }],
    ["no request", { request: null, response: {} }],
    ["a response that is none", { request: {}, response: 7 }],
    ["no response", { request: {}, response: null }],
  ])("is told by what it has: %s", (_what, own) => {
    const wrong = Object.assign(function wrong() {}, own);
    expect(from({ app: wrong })).toThrow(
      expect.objectContaining({ message: `fromExpress() got the function \`wrong\` as \`app\`: ${EXPRESS}` }),
    );
  });
});

test("a name is cut where it is longer than 200 characters", () => {
  const called = (name: string) => Object.defineProperty((() => {}) as RequestHandler, "name", { value: name });
  const nameOf = (...names: string[]) => fromExpress(names.map(called), { app }).name;
  expect(nameOf("a".repeat(200))).toBe(`fromExpress(${"a".repeat(200)})`);
  expect(nameOf("a".repeat(201))).toBe(`fromExpress(${"a".repeat(200)}...)`);
  expect(nameOf("a", "", "b")).toBe("fromExpress(a, anonymous, b)");
});
