import { type Decision, deny, fault } from "@portcullis/core";
import { describe, expect, test } from "vitest";
import { createDecision } from "../decision/decision.js";
import { publicRefusal } from "../decision/decision-parts.js";
import {
  BAD_TARGET,
  BATCH_REFUSED,
  BATCH_STALE,
  badMessage,
  closeCodeOf,
  GOING_AWAY,
  MISSING_ACTION,
  TOO_MANY_PENDING,
} from "./refusal.js";

test("clients get code, status, reason and retry only", () => {
  const refusal = createDecision("error", "permission_error", {
    by: "isMember",
    error: new Error("password"),
    headers: { a: "b" },
  });
  expect(publicRefusal(refusal)).toStrictEqual({
    code: "permission_error",
    status: 500,
    reason: "The permission could not be checked.",
    retry: "never",
  });
  expect(publicRefusal(fault("rate_limited", { retryAfter: 2 }))).toMatchObject({ retry: "later", retryAfter: 2 });
  expect(publicRefusal(createDecision("abstain", "abstained"))).toMatchObject({ reason: "" });
});

test.each([
  [401, 4401],
  [429, 1013],
  [503, 1013],
  [500, 1011],
  [403, 4403],
  [404, 4403],
  [502, 4403],
])("status %i closes with %i", (status, code) => {
  expect(closeCodeOf(fault("any", { status }))).toBe(code);
});

describe("the refusals of an adapter", () => {
  test.each<[Decision, string, string, number, string]>([
    [badMessage(), "deny", "bad_message", 400, "codec"],
    [MISSING_ACTION, "deny", "missing_action", 405, "codec"],
    [TOO_MANY_PENDING, "error", "too_many_pending", 429, "limits"],
    [BATCH_REFUSED, "error", "batch_refused", 424, "guard"],
    [GOING_AWAY, "error", "going_away", 503, "guard"],
  ])("%#", (refusal, outcome, code, status, by) => {
    expect(refusal).toMatchObject({ outcome, code, status, by, reason: expect.stringMatching(/\.$/) });
  });

  test("a codec may say what was wrong", () => {
    expect(badMessage("Expected JSON.").reason).toBe("Expected JSON.");
    expect(deny("x").reason).not.toBe("");
  });
});

test("a bad target is refused with a reason", () => {
  expect(BAD_TARGET).toMatchObject({
    outcome: "deny",
    code: "bad_target",
    status: 400,
    reason: "The request target must be an encoded path, such as /rooms/7.",
    by: "guard",
  });
});

test("a stale batch is refused by the guard", () => {
  expect(BATCH_STALE).toMatchObject({ code: "batch_refused", status: 503, by: "guard" });
});
