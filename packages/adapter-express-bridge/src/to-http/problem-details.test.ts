import { type Decision, deny, fault } from "@portcullis/core";
import { expect, test } from "vitest";
import { problemOf } from "./problem-details.js";

const OWN = { "content-type": "application/problem+json", "cache-control": "no-store" };
const body = (title: string, status: number, detail: string, code: string, retry = "never") => ({
  type: "about:blank",
  title,
  status,
  detail,
  code,
  retry,
});

const cases: [string, Decision, object, object][] = [
  [
    "a refusal",
    deny("not_a_member", { reason: "Join first" }),
    { ...OWN },
    body("Forbidden", 403, "Join first", "not_a_member"),
  ],
  [
    "whoever is not signed in",
    deny("not_authenticated"),
    { "www-authenticate": "Bearer", ...OWN },
    body("Unauthorized", 401, "Authentication credentials were not provided.", "not_authenticated", "after-auth"),
  ],
  [
    "a limit, in whole seconds",
    fault("rate_limited", { retryAfter: 1.2 }),
    { "retry-after": "2", ...OWN },
    { ...body("Too Many Requests", 429, "Too many requests.", "rate_limited", "later"), retryAfter: 1.2 },
  ],
  [
    "no time that is over",
    deny("no", { reason: "No", retryAfter: -3 }),
    { ...OWN },
    body("Forbidden", 403, "No", "no"),
  ],
  [
    "a status that has no name",
    deny("expired", { status: 419, reason: "Load the page again" }),
    { ...OWN },
    body("Refused", 419, "Load the page again", "expired"),
  ],
  [
    "a fault, and nothing of what is behind it",
    fault("permission_error", { error: new Error("secret") }),
    { ...OWN },
    body("Internal Server Error", 500, "The permission could not be checked.", "permission_error"),
  ],
  [
    "headers of the rule, but none that makes the response what it is",
    deny("no", {
      reason: "No",
      headers: {
        Connection: "close",
        "Content-Encoding": "gzip",
        "content-length": "3",
        "Transfer-Encoding": "chunked",
        upgrade: "h2c",
        "Set-Cookie": "a=1",
        "Cache-Control": "public",
        "x-broken": "1\r\nx-more: 2",
        "X-Fine": "yes",
        "x-connection": "kept",
        "Upgrade-Insecure-Requests": "1",
        "x-content-type": "kept",
      },
    }),
    {
      "x-fine": "yes",
      "x-connection": "kept",
      "upgrade-insecure-requests": "1",
      "x-content-type": "kept",
      ...OWN,
    },
    body("Forbidden", 403, "No", "no"),
  ],
  [
    "a challenge of the rule's own",
    deny("who", { status: 401, reason: "Who?", headers: { "WWW-Authenticate": "Basic" } }),
    { "www-authenticate": "Basic", ...OWN },
    body("Unauthorized", 401, "Who?", "who", "after-auth"),
  ],
];

test.each(cases)("tells %s", (_what, decision, headers, said) => {
  const problem = problemOf(decision, "Bearer");
  expect({ ...problem, body: JSON.parse(problem.body) }).toEqual({ status: decision.status, headers, body: said });
});
