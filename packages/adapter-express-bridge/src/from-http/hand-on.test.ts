import { guard, serve } from "@portcullis/adapter-ws";
import { AllowAny, allow, and, type Decision, definePolicy, or, permission, type Rule } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import express, { type RequestHandler } from "express";
import express4 from "express4";
import fc from "fast-check";
import Koa from "koa";
import bodyParser from "koa-bodyparser";
import Koa2 from "koa2";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { askAction, atEnd, listen, send, stopAll } from "../../test/support.js";
import { fromExpress, toExpress } from "../index.js";
import { fromKoa } from "../koa.js";

type Body = Record<string, unknown>;
type Options = { handOn?: "body" | false; body?: () => unknown };

let warn = vi.spyOn(console, "warn");
beforeEach(() => {
  warn = vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(async () => {
  warn.mockRestore();
  await stopAll();
});

/** Changes a body in place. Limits the amount to 100 and removes an administrator flag. */
function sanitise(body: Body): void {
  if (Number(body.limit) > 100) body.limit = 100;
  delete body.isAdmin;
}
const clamp: RequestHandler = (request, _response, next) => {
  sanitise(request.body);
  next();
};
const clampKoa = (context: Koa.Context, next: Koa.Next) => {
  sanitise((context.request as unknown as { body: Body }).body);
  return next();
};
const app = express();
const greedy = { limit: 1_000_000, isAdmin: true, text: "hi" };
const modest = { limit: 100, text: "hi" };

/** Serves one action behind a rule, calls it, and returns the input of its handler. */
async function served(rule: Rule, { options = {}, permissions = AllowAny as unknown } = {}) {
  const wss = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => wss.once("listening", resolve));
  const decisions: Decision[] = [];
  const got: { payload: unknown; evidence: Body; object: unknown }[] = [];
  const consumer = defineConsumer()
    .permissions(permissions as Rule)
    .action("list.more", rule, options, ({ payload, evidence, object }) => {
      got.push({ payload, evidence: evidence as Body, object });
      return "done";
    });
  const onDecision = ({ decision }: { decision: Decision }) => void decisions.push(decision);
  serve(wss, consumer as never, { onDecision } as never);
  const socket = new WebSocket(`ws://127.0.0.1:${(wss.address() as { port: number }).port}`);
  await new Promise((resolve) => socket.once("open", resolve));
  atEnd(async () => {
    socket.terminate();
    await new Promise((resolve) => wss.close(resolve));
  });
  const ask = async (payload: object) => {
    const answered = new Promise((resolve) => socket.once("message", (data) => resolve(JSON.parse(String(data)))));
    socket.send(JSON.stringify({ ...payload, action: "list.more" }));
    return (await answered) as { response_status: number };
  };
  return { ask, got, decisions };
}

const expressServer = (framework: typeof express) => async (seen: unknown[]) => {
  const own = framework();
  own.use(framework.json(), clamp, (request, response) => {
    seen.push(request.body);
    response.end();
  });
  return (await listen(own)).port;
};
const koaServer = (Framework: typeof Koa) => async (seen: unknown[]) => {
  const own = new Framework();
  own.use(bodyParser());
  own.use(clampKoa as never);
  own.use((context: Koa.Context) => {
    seen.push((context.request as unknown as { body: unknown }).body);
    context.body = "done";
  });
  return (await listen(own.callback())).port;
};

describe.each([
  ["Express 5", (options: Options) => fromExpress(clamp, { app, ...options }), expressServer(express)],
  [
    "Express 4",
    (options: Options) => fromExpress(clamp, { app: express4(), ...options } as never),
    expressServer(express4 as never),
  ],
  ["Koa 3", (options: Options) => fromKoa(clampKoa as never, { app: new Koa(), ...options }), koaServer(Koa)],
  [
    "Koa 2",
    (options: Options) => fromKoa(clampKoa as never, { app: new Koa2(), ...options } as never),
    koaServer(Koa2 as never),
  ],
])("a body that middlewares of %s change", (_name, rule, oracle) => {
  test("is in the evidence, and the payload stays what came", async () => {
    const { ask, got } = await served(rule({}) as Rule);
    await ask(greedy);
    await ask(modest);
    expect(got).toMatchObject([{ payload: greedy, evidence: { body: modest } }, { payload: modest }]);
    expect(got[1]?.evidence).not.toHaveProperty("body");
  });

  test("is the payload of the handler with `handOn`, as over HTTP", async () => {
    const seen: unknown[] = [];
    const port = await oracle(seen);
    const { ask, got } = await served(rule({ handOn: "body" }) as Rule);
    const value = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant(null), fc.array(fc.integer()));
    const body = fc.dictionary(fc.constantFrom("limit", "isAdmin", "text", "constructor", "a", ""), value);
    await fc.assert(
      fc.asyncProperty(body, async (payload) => {
        seen.length = got.length = 0;
        await send(port, { method: "POST", body: payload });
        await ask(payload);
        expect(seen).toHaveLength(1);
        expect(got.map((one) => one.payload)).toEqual(seen);
      }),
      { numRuns: 60 },
    );
    expect(warn).not.toHaveBeenCalled();
  });

  test("is printed once per rule, unless `handOn` is false", async () => {
    const changing = rule({});
    for (const payload of [modest, greedy, greedy]) await askAction(changing, { payload });
    await askAction(rule({ handOn: false }), { payload: greedy });
    await askAction(rule({ handOn: "body" }), { payload: greedy });
    expect(warn.mock.calls).toEqual([[expect.stringContaining('{ handOn: "body" } makes it the payload')]]);
    await askAction(rule({}), { payload: greedy });
    expect(warn).toHaveBeenCalledTimes(2);
  });

  test("is of the shape of `body`, where that is given", async () => {
    const { ask, got } = await served(rule({ handOn: "body", body: () => ({ limit: 500 }) }) as Rule);
    await ask(greedy);
    expect(got[0]?.payload).toEqual({ limit: 100 });
  });
});

describe("a payload that a rule hands on", () => {
  const handing = fromExpress(clamp, { app, handOn: "body", name: "clamp" });

  test("reaches the loader of the object and the object rule", async () => {
    const asked: unknown[] = [];
    const isOwner = permission("isOwner", { object: ({ payload }) => asked.push(payload) > 0 });
    const object = ({ payload }: { payload: unknown }) => ({ of: payload });
    const { ask, got } = await served(and(handing, isOwner) as Rule, { options: { object } });
    await ask(greedy);
    expect(asked).toEqual([modest]);
    expect(got[0]).toMatchObject({ payload: modest, object: { of: modest } });
  });

  test("is what came where another rule has allowed", async () => {
    const { ask, got } = await served(or(AllowAny, handing) as Rule);
    await ask(greedy);
    expect(got[0]?.payload).toEqual(greedy);
  });

  test("reaches the handler from `permissions` too", async () => {
    const { ask, got } = await served(AllowAny as never, { permissions: handing });
    await ask(greedy);
    expect(got[0]?.payload).toEqual(modest);
  });

  const input = {
    "~standard": { version: 1, vendor: "x", validate: (value: object) => ({ value: { ...value, is: 1 } }) },
  };

  test("is made of what `input` has parsed", async () => {
    const { ask, got } = await served(handing as Rule, { options: { input } });
    await ask(greedy);
    expect(got[0]?.payload).toEqual({ ...modest, is: 1 });
  });

  const copy = (evidence: Body) => permission("copy", () => allow(evidence));
  test.each<[string, () => Promise<Parameters<typeof served>>, string]>([
    [
      "before `input` has parsed it",
      async () => [AllowAny as never, { permissions: handing, options: { input } }],
      "made of another payload",
    ],
    ["by two rules", async () => [and(handing, handing) as Rule, {}], "two rules hand on a payload"],
    [
      "by two rules of two parts",
      async () => [handing as Rule, { permissions: handing }],
      "two rules hand on a payload",
    ],
    [
      "that was found for another message",
      async () => [copy((await askAction(handing, { payload: greedy })).evidence as Body) as Rule, {}],
      "made of another payload",
    ],
    [
      "that is a list",
      async () => [fromExpress(clamp, { app, handOn: "body", body: () => [] }) as Rule, {}],
      "got an empty list as the body",
    ],
  ])("is refused, and reaches no handler: %s", async (_what, make, sentence) => {
    const { ask, got, decisions } = await served(...(await make()));
    expect(await ask(greedy)).toMatchObject({ response_status: 500 });
    expect(got).toEqual([]);
    expect(String(decisions.map(({ error }) => error))).toContain(sentence);
  });

  test.each([undefined, null, 7, "a", [], [1]])("is an object, and not %j", async (body) => {
    const replace: RequestHandler = (request, _response, next) => next(void Object.assign(request, { body }));
    const decision = await askAction(fromExpress(replace, { app, handOn: "body", name: "replace" }));
    const message = expect.stringMatching(/^replace: `handOn` got .+ as the body: a payload is an object$/);
    expect(decision).toMatchObject({ outcome: "error", status: 500, error: { message } });
  });

  test("is none where the middlewares refuse", async () => {
    const refuse: RequestHandler = (_request, response) => void response.status(403).json({ message: "No" });
    const decision = await askAction(fromExpress(refuse, { app, handOn: "body" }));
    expect(decision).toMatchObject({ outcome: "deny", status: 403, reason: "No" });
  });

  test("is nothing for listeners of guard(): it says so at once", () => {
    const wss = new WebSocketServer({ noServer: true });
    for (const policy of [{ actions: { more: or(handing, AllowAny) } }, { permissions: handing }]) {
      expect(() => guard(wss, definePolicy(policy))).toThrow("serve a consumer, or leave out `handOn`");
    }
    expect(() => toExpress(definePolicy({ actions: { more: handing } }), "more")).toThrow("only serve() can do");
  });
});

test("a wrong `handOn` is said at once", () => {
  expect(() => fromExpress(clamp, { app, handOn: true as never })).toThrow(
    'got true as `handOn`: give "body" or false',
  );
});
