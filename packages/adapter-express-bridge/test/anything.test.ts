import { format } from "node:util";
import { definePolicy, permission } from "@portcullis/core";
import { publicRefusal } from "@portcullis/core/adapter";
import express, { type RequestHandler } from "express";
import express4 from "express4";
import fc from "fast-check";
import Koa from "koa";
import Koa2 from "koa2";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { answer, anyAnswer, anyKind, make, oddOf, type Scene } from "../../../test/anything.js";
import { uncaughtOf } from "../../../test/helpers.js";
import { fromExpress, toExpress } from "../src/index.js";
import { toKoa } from "../src/koa.js";
import { askAction, listen, send, stopAll } from "./support.js";

beforeEach(() => {
  // Formats like the console, so that values that cannot be printed throw.
  vi.spyOn(console, "error").mockImplementation((...given) => void format(...given));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await stopAll();
});

/** Runs a property, during which nothing may end the process. */
const alive = (run: () => Promise<void>) =>
  uncaughtOf(async (thrown) => {
    await run();
    expect(thrown).toEqual([]);
  });

const WHO = ["rule", "connect", "authenticate", "payload", "object", "onDecision", "user", "body", "locals"];

/** The current answers of each party. */
class Stage implements Scene {
  kind = "undefined";
  place = "answered";
  asked = "";

  when(who: string, otherwise?: unknown): never {
    return (this.asked === who ? answer(this) : otherwise) as never;
  }
}

function asking(stage: Stage) {
  const policy = definePolicy({
    connect: permission("door", { connect: () => stage.when("connect", true) }),
    actions: { ask: permission("scene", { action: () => stage.when("rule", true), object: () => true }) },
  });
  const options = {
    authenticate: () => stage.when("authenticate"),
    payload: () => stage.when("payload", {}),
    object: () => stage.when("object", {}),
    onDecision: () => stage.when("onDecision"),
  };
  return { policy, options };
}

/** Puts a value of an earlier middleware at a place that the bridge reads. */
function put(stage: Stage, subject: object, name: string, who: string): void {
  if (stage.asked === who) Object.defineProperty(subject, name, { configurable: true, get: () => make(stage.kind) });
}

const SERVERS: [string, (stage: Stage) => Parameters<typeof listen>[0]][] = [
  ...([express, express4 as unknown as typeof express] as const).map(
    (make, index): [string, (stage: Stage) => Parameters<typeof listen>[0]] => [
      `Express ${5 - index}`,
      (stage) => {
        const { policy, options } = asking(stage);
        const app = make().set("env", "test");
        app.use((request, response, next) => {
          put(stage, request, "user", "user");
          put(stage, request, "body", "body");
          put(stage, response, "locals", "locals");
          next();
        });
        app.use(
          toExpress(policy, "ask", options) as RequestHandler,
          (_request, response) => void response.end("passed"),
        );
        app.use(((_error, _request, response, _next) => {
          response.statusCode = 500;
          response.end("failed");
        }) as express.ErrorRequestHandler);
        return app;
      },
    ],
  ),
  ...([Koa, Koa2 as unknown as typeof Koa] as const).map(
    (Application, index): [string, (stage: Stage) => Parameters<typeof listen>[0]] => [
      `Koa ${3 - index}`,
      (stage) => {
        const { policy, options } = asking(stage);
        const app = new Application();
        app.silent = true;
        app.use((ctx, next) => {
          put(stage, ctx.state, "user", "user");
          put(stage, ctx.request, "body", "body");
          put(stage, ctx.state, "evidence", "locals");
          return next();
        });
        app.use(toKoa(policy, "ask", options));
        app.use((ctx) => {
          ctx.body = "passed";
        });
        return app.callback();
      },
    ],
  ),
];

test.each(SERVERS)("a request is answered once, whatever is answered: %s", (_name, serverOf) =>
  alive(async () => {
    const stage = new Stage();
    const { port } = await listen(serverOf(stage));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...WHO), anyAnswer, async (asked, wanted) => {
        Object.assign(stage, wanted, { asked });
        const { status, headers, body } = await send(port);
        if (headers["content-type"] !== "application/problem+json") return;
        const { type: _type, title: _title, detail: reason, ...refusal } = JSON.parse(body);
        expect(refusal.status).toBe(status);
        expect(oddOf({ ...refusal, reason })).toEqual([]);
        expect(body).not.toMatch(/\[object|Symbol\(/);
      }),
      { numRuns: 100 },
    );
  }),
);

const WAYS: Record<string, (value: never) => RequestHandler> = {
  "next(value)": (value) => (_request, _response, next) => next(value),
  thrown: (value) => () => {
    throw value;
  },
  "thrown later": (value) => async () => {
    throw value;
  },
  answered: (value) => () => value,
  status: (value) => (_request, response) => {
    response.statusCode = value;
    response.end();
  },
  "a header": (value) => (_request, response) => void response.status(401).set("WWW-Authenticate", value).end(),
  "a body": (value) => (_request, response) => void response.status(403).send(value),
  json: (value) => (_request, response) => void response.status(403).json({ message: value }),
  "an error": (value) => (_request, _response, next) =>
    next(Object.assign(new Error("no"), { status: value, headers: value, expose: value, message: value })),
  "what is found": (value) => (request, response, next) => {
    Object.assign(request, { user: value, session: value });
    response.locals.found = value;
    next();
  },
};

test.each(Object.keys(WAYS))("a middleware may answer anything: %s", (way) =>
  alive(async () => {
    const app = express();
    await fc.assert(
      fc.asyncProperty(anyKind, async (kind) => {
        const value = make(kind);
        const onError = () => {};
        const decision = await askAction(
          fromExpress((WAYS[way] as never as (value: unknown) => RequestHandler)(value), {
            app,
            onError,
            timeout: 300,
          }),
        );
        if (decision.outcome === "allow") return;
        // The reason may be the message of a Node error, which contains the value.
        expect(typeof decision.reason).toBe("string");
        expect(oddOf({ ...publicRefusal(decision), reason: "" })).toEqual([]);
        for (const text of Object.values(decision.headers ?? {})) expect(typeof text).toBe("string");
      }),
      { numRuns: 60 },
    );
  }),
);
