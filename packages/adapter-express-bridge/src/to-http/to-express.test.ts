import { AllowAny, allow, definePolicy, deny, permission } from "@portcullis/core";
import express, { type ErrorRequestHandler, type RequestHandler } from "express";
import { afterEach, expect, test } from "vitest";
import { listen, send, stopAll } from "../../test/support.js";
import { toExpress } from "../index.js";

afterEach(stopAll);

const policy = definePolicy({
  actions: {
    open: AllowAny,
    seen: permission("seen", () => allow({ by: "seen" })),
    shut: permission("shut", () => deny("no")),
  },
});

/** The errors that reach the application. */
async function errorsOf(thrown: unknown): Promise<unknown[]> {
  const errors: unknown[] = [];
  const app = express();
  const spoil: RequestHandler = (request, _response, next) => {
    const get = () => {
      throw thrown;
    };
    next(void Object.defineProperty(request, "user", { get }));
  };
  const keep: ErrorRequestHandler = (error, _request, response, _next) => {
    errors.push(error);
    response.sendStatus(500);
  };
  const answer: RequestHandler = (_request, response) => void response.send("open");
  app.use(spoil, toExpress(policy, "open"), answer, keep);
  expect((await send((await listen(app)).port)).status).toBe(500);
  return errors;
}

test("an error of a getter reaches the application", async () => {
  const broken = new Error("broken");
  expect(await errorsOf(broken)).toEqual([broken]);
  expect((await errorsOf(broken))[0]).toBe(broken);
});

test.each([undefined, null])("a getter that throws %s is an error too", async (thrown) => {
  expect(await errorsOf(thrown)).toEqual([new Error("a request cannot be read")]);
});

test.each([
  ["seen", 200, { evidence: { by: "seen" }, own: 1 }],
  ["open", 200, { evidence: {}, own: 1 }],
  ["shut", 403, { own: 1 }],
] as const)("a rule leaves its evidence where it allows: %s", async (action, status, expected) => {
  const app = express();
  let locals: unknown;
  const look: RequestHandler = (_request, response, next) => {
    locals = Object.assign(response.locals, { own: 1 });
    next();
  };
  app.use(look, toExpress(policy, action), (_request, response) => void response.end());
  expect((await send((await listen(app)).port)).status).toBe(status);
  expect({ ...(locals as object) }).toEqual(expected);
});
