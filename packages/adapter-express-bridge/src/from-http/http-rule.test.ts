import { getEventListeners } from "node:events";
import type { IncomingMessage } from "node:http";
import { AllowAny, definePolicy } from "@portcullis/core";
import { openAnswerHeaders, takeAnswerHeaders } from "@portcullis/core/internal";
import express, { type RequestHandler } from "express";
import { describe, expect, test, vi } from "vitest";
import { askAction, askConnect, handshake, nobody, scopeOf, seen } from "../../test/support.js";
import { fromExpress, useExpress } from "../index.js";

const app = express();

/** A handshake that is not answered yet. */
function open(): IncomingMessage {
  const request = handshake();
  openAnswerHeaders(request);
  return request;
}

describe("of the headers that middlewares set", () => {
  const HEADERS = {
    "Set-Cookie": ["a=1", "b=2"],
    RateLimit: "limit=10",
    "RateLimit-Remaining": "9",
    "X-RateLimit-Reset": "60",
    "X-Request-Id": "7",
    "X-Correlation-Id": "8",
    "Strict-Transport-Security": "max-age=1",
    "X-Set-Cookie": "no",
    "Set-Cookie2": "no",
    "My-RateLimit": "no",
    RateLimited: "no",
    "X-Request-Id-Of": "no",
    "X-Powered-By": "no",
  };
  const ANSWER = [
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2"],
    ["ratelimit", "limit=10"],
    ["ratelimit-remaining", "9"],
    ["x-ratelimit-reset", "60"],
    ["x-request-id", "7"],
    ["x-correlation-id", "8"],
    ["strict-transport-security", "max-age=1"],
  ];
  const setting =
    (end: RequestHandler): RequestHandler =>
    (request, response, next) => {
      for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
      return end(request, response, next);
    };
  const pass = setting((_request, _response, next) => next());
  const refuse = setting((_request, response) => void response.sendStatus(401));

  test.each([
    ["an allow", pass],
    ["a refusal", refuse],
  ])("response headers are sent with the handshake: %s at connect", async (_how, middleware) => {
    const request = open();
    await askConnect(fromExpress(middleware, { app }), { scope: scopeOf(request) });
    expect(takeAnswerHeaders(request)).toEqual(ANSWER);
  });

  test("the cookies alone are kept for later messages", async () => {
    const question = { scope: scopeOf(open()) };
    await askConnect(fromExpress(pass, { app }), question);
    expect((await seen({}, question)).request.headers.cookie).toBe("a=1; b=2");
  });

  test("none goes out after an abort", async () => {
    const [request, controller] = [open(), new AbortController()];
    const leave = setting(() => controller.abort());
    const policy = definePolicy({ connect: fromExpress(leave, { app }), permissions: AllowAny });
    const { signal } = controller;
    const decision = await policy.decideConnect(scopeOf(request) as never, nobody, {}, { signal });
    expect(decision).toMatchObject({ outcome: "error", code: "aborted" });
    expect(takeAnswerHeaders(request)).toEqual([]);
    expect((await seen({}, { scope: scopeOf(request) })).request.headers).not.toHaveProperty("cookie");
  });

  test("none goes out for an action", async () => {
    const request = open();
    await askAction(fromExpress(pass, { app }), { scope: scopeOf(request) });
    expect(takeAnswerHeaders(request)).toEqual([]);
  });

  test("a number is sent as text", async () => {
    const request = open();
    const count: RequestHandler = (_request, response, next) => {
      response.setHeader("ratelimit-limit", 5);
      next();
    };
    await askConnect(fromExpress(count, { app }), { scope: scopeOf(request) });
    expect(takeAnswerHeaders(request)).toEqual([["ratelimit-limit", "5"]]);
  });
});

test("the evidence of connect is all but the body", async () => {
  const find: RequestHandler = (request, response, next) => {
    Object.assign(request, { user: { id: 1 }, body: { made: true } });
    response.locals.tenant = "a";
    next();
  };
  const { evidence } = await askConnect(fromExpress(find, { app }));
  const found = { user: { id: 1 }, locals: { tenant: "a" } };
  expect(Object.entries(evidence ?? {})).toEqual(Object.entries(found));
});

test("options are asked about an action that no table names", async () => {
  const phases: unknown[] = [];
  const url = ({ phase, action }: { phase: string; action: string }) => `/${phases.push(phase, action)}`;
  const next: RequestHandler = (_request, _response, go) => go();
  const policy = definePolicy({ permissions: fromExpress(next, { app, url }) });
  expect((await policy.decide(scopeOf(), nobody, "look", {})).outcome).toBe("allow");
  expect(phases).toEqual(["action", "look"]);
});

describe("a signal", () => {
  test("has no listener left once it is answered", async () => {
    const { signal } = new AbortController();
    const during = vi.fn();
    const look: RequestHandler = (_request, _response, next) => {
      during(getEventListeners(signal, "abort").length);
      next();
    };
    await useExpress(look, { app })(handshake(), { signal });
    expect(during).toHaveBeenCalledWith(1);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});
