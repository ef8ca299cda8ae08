import { STATUS_CODES } from "node:http";
import { PermissionMisuse } from "@portcullis/core";
import { REPEATABLE } from "@portcullis/core/internal";
import express, { type RequestHandler, type Response } from "express";
import { describe, expect, test } from "vitest";
import { askAction, handshake } from "../test/support.js";
import { fromExpress, useExpress } from "./index.js";

const app = express();
/** All fields of a decision except the missing ones. */
const ask = async (middleware: RequestHandler) => ({
  ...(await askAction(fromExpress(middleware, { app, name: "rule" }))),
});
const answering = (answer: (response: Response) => void) => ask((_request, response) => answer(response));
const failing = (error: object) => ask((_request, _response, next) => next(error));

const refused = (code: string, status: number, reason: string, more: object = {}) => ({
  outcome: "deny",
  code,
  status,
  reason,
  by: "rule",
  retry: status === 401 ? "after-auth" : "never",
  ...more,
});
const unsure = (code: string, status: number, reason: string, more: object = {}) =>
  refused(code, status, reason, { outcome: "error", ...more });
const faulty = (status: number, reason: string, error: Error, more: object = {}) => ({
  outcome: "error",
  code: "permission_error",
  status,
  reason,
  by: "rule",
  retry: status === 503 ? "later" : "never",
  error,
  ...more,
});
const answered = (status: number) => new Error(`a middleware has answered ${status}`);
const openEnded = (status: number) =>
  new PermissionMisuse(
    `a middleware has answered ${status} and has not left it to the end of the chain: call next() to allow, and answer 401 or 403 to refuse`,
  );
const DEFAULT = "You do not have permission to perform this action.";
const SIGN_IN = "Authentication credentials were not provided.";

describe("a response is read as a refusal:", () => {
  const status = (status: number) => (r: Response) => void r.status(status).end();
  const elsewhere = (status: number) => (r: Response) => void r.status(status).location("/x").end();
  const headers = { location: "/x" };
  test.each<[string, (response: Response) => void, object]>([
    ["200", status(200), unsure("permission_denied", 403, DEFAULT, { error: openEnded(200) })],
    ["201 with a place", elsewhere(201), unsure("permission_denied", 403, DEFAULT, { headers, error: openEnded(201) })],
    ["299 with a place", elsewhere(299), unsure("permission_denied", 403, DEFAULT, { headers, error: openEnded(299) })],
    ["300", status(300), unsure("permission_denied", 403, DEFAULT, { error: openEnded(300) })],
    ["300 with a place", elsewhere(300), unsure("not_authenticated", 401, SIGN_IN, { headers })],
    ["399 with a place", elsewhere(399), unsure("not_authenticated", 401, SIGN_IN, { headers })],
    ["400 with a place", elsewhere(400), unsure("invalid_input", 400, "Bad Request", { headers })],
    ["404 with a place", elsewhere(404), unsure("not_found", 404, "Not Found", { headers })],
    ["400", status(400), unsure("invalid_input", 400, "Bad Request")],
    ["401", status(401), refused("not_authenticated", 401, SIGN_IN)],
    ["402", status(402), unsure("permission_denied", 402, "Payment Required")],
    ["403", status(403), refused("permission_denied", 403, DEFAULT)],
    ["404", status(404), unsure("not_found", 404, "Not Found")],
    ["413", status(413), unsure("payload_too_large", 413, STATUS_CODES[413] as string)],
    ["419, which has no name", status(419), unsure("permission_denied", 419, "Refused")],
    ["422", status(422), unsure("invalid_input", 422, STATUS_CODES[422] as string)],
    ["499", status(499), unsure("permission_denied", 499, "Refused")],
    [
      "401 with a challenge",
      (r) => void r.status(401).set("www-authenticate", "Basic").end(),
      refused("not_authenticated", 401, SIGN_IN, { headers: { "www-authenticate": "Basic" } }),
    ],
    [
      "403 with a time",
      (r) => void r.status(403).set("retry-after", "3").end(),
      refused("permission_denied", 403, DEFAULT, { retryAfter: 3 }),
    ],
  ])("%s", async (_what, answer, decision) => {
    expect(await answering(answer)).toEqual(decision);
  });
});

describe("a response is read as a fault:", () => {
  const text = (status: number) => (r: Response) => {
    r.statusCode = status;
    r.setHeader("content-type", "text/plain");
    r.end("secret");
  };
  test.each<[string, (response: Response) => void, object]>([
    ["500", text(500), faulty(500, "Internal Server Error", answered(500))],
    ["502", text(502), faulty(502, "Bad Gateway", answered(502))],
    ["599", text(599), faulty(599, "Refused", answered(599))],
    ["700, which is no status of HTTP", text(700), faulty(500, "Internal Server Error", answered(700))],
    ["102, which is no answer", text(102), faulty(500, "Internal Server Error", answered(102))],
    [
      "503 with a time",
      (r) => void r.set("retry-after", "3").sendStatus(503),
      faulty(503, "Service Unavailable", answered(503), { retryAfter: 3 }),
    ],
    [
      "429",
      (r) => void r.status(429).end(),
      {
        outcome: "error",
        code: "rate_limited",
        status: 429,
        reason: "Too many requests.",
        by: "rule",
        retry: "later",
      },
    ],
  ])("%s", async (_what, answer, decision) => {
    expect(await answering(answer)).toEqual(decision);
  });
});

describe("an error is read by", () => {
  const error = (more: object) => Object.assign(new Error("said"), { expose: true, ...more });
  test.each<[string, object, object]>([
    ["its status", { status: 400 }, unsure("invalid_input", 400, "said")],
    ["its statusCode", { statusCode: 413 }, unsure("payload_too_large", 413, "said")],
    ["its status before its statusCode", { status: 402, statusCode: 403 }, unsure("permission_denied", 402, "said")],
    [
      "its statusCode where its status is none",
      { status: 600, statusCode: 402 },
      unsure("permission_denied", 402, "said"),
    ],
    [
      "its statusCode where its status is no error",
      { status: 399, statusCode: 402 },
      unsure("permission_denied", 402, "said"),
    ],
    ["nothing of headers that are none", { status: 403, headers: null }, unsure("permission_denied", 403, "said")],
    [
      "its headers, as far as they can be sent",
      { status: 401, headers: { "WWW-Authenticate": "Basic\r\nx: 1", Location: "/login", "Retry-After": 7 } },
      unsure("not_authenticated", 401, "said", { retryAfter: 7, headers: { location: "/login" } }),
    ],
  ])("%s", async (_what, more, decision) => {
    const thrown = error(more);
    expect(await failing(thrown)).toEqual({ ...decision, error: thrown });
  });

  test.each([undefined, false, 1, "true"])("no message unless `expose` is true: %j", async (expose) => {
    for (const [status, code, reason] of [
      [400, "invalid_input", "Bad Request"],
      [401, "not_authenticated", "Unauthorized"],
      [403, "permission_denied", "Forbidden"],
    ] as const) {
      const thrown = error({ status, expose });
      expect(await failing(thrown)).toEqual({ ...unsure(code, status, reason), error: thrown });
    }
  });

  test.each([500, 599, 700, 403.5, "403", Number.NaN])("its status, which makes it a fault: %s", async (status) => {
    const thrown = error({ status });
    const valid = status === 599 ? 599 : 500;
    const reason = status === 599 ? "Refused" : "Internal Server Error";
    expect(await failing(thrown)).toEqual(faulty(valid, reason, thrown));
  });
});

describe("what ends otherwise says so:", () => {
  test("a chain that was left", async () => {
    const decision = await ask((_request, _response, next) => next("route"));
    const error = new PermissionMisuse(
      'a middleware has called next("route") or next("router"): call next() to allow, and answer 401 or 403 to refuse',
    );
    expect(decision).toStrictEqual(unsure("permission_denied", 403, "No route is there for this.", { error }));
  });

  test("a request that is destroyed", async () => {
    const error = new Error("a middleware has destroyed the request");
    const decision = await ask((request) => void request.destroy());
    expect(decision).toStrictEqual(faulty(500, "The permission could not be checked.", error));
  });

  test("one that nobody waits for any more", async () => {
    const gone = new AbortController();
    const authenticate = useExpress((() => gone.abort()) as RequestHandler, { app });
    await expect(authenticate(handshake(), gone)).rejects.toMatchObject({ code: "aborted", status: 499 });
  });
});

describe("of what middlewares have found", () => {
  const find = async (found: object, locals: object = {}) => {
    const finding: RequestHandler = (request, response, next) => {
      Object.assign(request, found);
      Object.assign(response.locals, locals);
      next();
    };
    return (await askAction(fromExpress(finding, { app }))).evidence;
  };
  test("all is handed on that is there, also what looks empty", async () => {
    expect(await find({ user: 7, auth: {}, session: null, other: 1 }, { plan: "pro" })).toEqual({
      [REPEATABLE]: expect.anything(),
      user: 7,
      auth: {},
      session: null,
      locals: { plan: "pro" },
    });
  });
  test("locals and params are left out where nothing is in them", async () => {
    expect(Object.keys((await find({})) ?? {})).toEqual([]);
  });
});
