import { type Decision, deny, fault } from "@portcullis/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decision } from "./decision.js";
import {
  badMessage,
  closeCodeOf,
  GOING_AWAY,
  MISSING_ACTION,
  PAYLOAD_TOO_LARGE,
  publicIssues,
  publicRefusal,
  TOO_MANY_PENDING,
} from "./refusal.js";

test("a client hears code, status, reason and retry, and nothing of the cause", () => {
  const refusal = decision("error", "permission_error", {
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
  expect(publicRefusal(decision("abstain", "abstained"))).toMatchObject({ reason: "" });
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
    [PAYLOAD_TOO_LARGE, "error", "payload_too_large", 413, "limits"],
    [GOING_AWAY, "error", "going_away", 503, "guard"],
  ])("%#", (refusal, outcome, code, status, by) => {
    expect(refusal).toMatchObject({ outcome, code, status, by, reason: expect.stringMatching(/\.$/) });
  });

  test("a codec may say what was wrong", () => {
    expect(badMessage("Expected JSON.").reason).toBe("Expected JSON.");
    expect(deny("x").reason).not.toBe("");
  });
});

describe("what did not fit", () => {
  test("is told with the names of its path", () => {
    const issues = [{ message: "bad", path: ["a", 0, { key: "b" }, Symbol("c")] }, { message: "odd" }];
    expect(publicIssues(issues)).toStrictEqual([
      { path: ["a", "0", "b", "Symbol(c)"], message: "bad" },
      { path: [], message: "odd" },
    ]);
  });

  test("ends where the last character is", () => {
    const at = (length: number) => ({ message: "no", path: ["x".repeat(length)] });
    expect(publicIssues([at(498)])).toEqual([{ path: ["x".repeat(498)], message: "n" }]);
    expect(publicIssues([at(499)])).toEqual([]);
    expect(publicIssues([{ message: "m".repeat(500) }, { message: "no" }])).toEqual([
      { path: [], message: "m".repeat(500) },
    ]);
  });

  test("is at most five issues, 500 characters and texts alone, whatever a rule gives", () => {
    const odd = fc.oneof(
      fc.anything(),
      fc.constant(
        Object.defineProperty({}, "message", {
          get: () => {
            throw new Error("no");
          },
        }),
      ),
      fc.record({ message: fc.oneof(fc.string({ maxLength: 300 }), fc.anything()), path: fc.anything() }),
      fc.record({
        message: fc.string({ maxLength: 900 }),
        path: fc.array(fc.oneof(fc.string(), fc.nat()), { maxLength: 600 }),
      }),
    );
    fc.assert(
      fc.property(fc.oneof(fc.array(odd, { maxLength: 9 }), fc.anything()), (issues) => {
        const told = publicIssues(issues as never);
        const texts = told.flatMap(({ path, message }) => [...path, message]);
        expect(texts.every((text) => typeof text === "string")).toBe(true);
        expect(told.length).toBeLessThanOrEqual(5);
        expect(texts.join("").length).toBeLessThanOrEqual(500);
      }),
      { numRuns: 2000 },
    );
  });
});
