import { expect, test } from "vitest";
import { createDecision } from "../decision/decision.js";
import { addAnswerHeader, openAnswerHeaders } from "../guard/handshake/response-headers.js";
import { refusalResponse } from "./refusal-response.js";

const CONTENT_TYPE = ["Content-Type", "application/json; charset=utf-8"];

/** A request with headers that rules have added. */
function requestWith(...added: [string, string][]): object {
  const request = {};
  openAnswerHeaders(request);
  for (const [name, value] of added) addAnswerHeader(request, name, value);
  return request;
}

test("a refusal is its status and its public part as JSON", () => {
  const refused = createDecision("deny", "permission_denied", { error: new Error("internal") });
  expect(refusalResponse({}, refused, "Bearer")).toEqual({
    status: 403,
    headers: [CONTENT_TYPE],
    body: JSON.stringify({ error: { code: "permission_denied", status: 403, reason: refused.reason, retry: "never" } }),
  });
});

test("only a 401 has the challenge", () => {
  const { status, headers } = refusalResponse({}, createDecision("deny", "not_authenticated"), 'Basic realm="x"');
  expect([status, headers]).toEqual([401, [["WWW-Authenticate", 'Basic realm="x"'], CONTENT_TYPE]]);
});

test.each([
  [0, "0"],
  [1.2, "2"],
])("Retry-After of %s seconds is %s", (retryAfter, shown) => {
  const { headers } = refusalResponse({}, createDecision("error", "rate_limited", { retryAfter }), "Bearer");
  expect(headers).toContainEqual(["Retry-After", shown]);
});

test("headers of the decision take precedence, and all cookies are kept", () => {
  const request = requestWith(
    ["x-A", "rule"],
    ["Set-Cookie", "a=1"],
    ["set-cookie", "b=2"],
    ["WWW-Authenticate", "no"],
  );
  const parts = { headers: { "X-a": "decision", "Set-Cookie": "c=3", "www-authenticate": "Digest" } };
  const { headers } = refusalResponse(request, createDecision("deny", "not_authenticated", parts), "Bearer");
  expect(headers).toEqual([
    ["www-authenticate", "Digest"],
    ["X-a", "decision"],
    ["Set-Cookie", "c=3"],
    ["Set-Cookie", "a=1"],
    ["set-cookie", "b=2"],
    CONTENT_TYPE,
  ]);
});

test("headers that rules cannot set are left out", () => {
  const headers = { "Content-Length": "0", connection: "upgrade", "bad name": "x", "x-ok": "1" };
  const made = refusalResponse(
    requestWith(["upgrade", "h2c"]),
    createDecision("deny", "permission_denied", { headers }),
    "",
  );
  expect(made.headers).toEqual([["x-ok", "1"], CONTENT_TYPE]);
});

test("headers of rules are taken once", () => {
  const request = requestWith(["x-a", "1"]);
  const denied = createDecision("deny", "permission_denied");
  expect(refusalResponse(request, denied, "").headers).toHaveLength(2);
  expect(refusalResponse(request, denied, "").headers).toEqual([CONTENT_TYPE]);
});
