import { expect, test } from "vitest";
import { decisionIn } from "./decision.js";
import { issuesOf, publicIssues } from "./decision-parts.js";
import { PermissionDenied } from "./errors.js";

/** A decision as another copy of the package makes it. */
function foreign(parts: object): object {
  const prototype = Object.defineProperty({}, Symbol.for("@portcullis/core/Decision"), { value: true });
  return Object.freeze(Object.assign(Object.create(prototype), { code: "x", ...parts }));
}

test("a decision of another copy is read", () => {
  expect(decisionIn(foreign({ outcome: "deny", status: 404 }))).toMatchObject({ outcome: "deny", status: 404 });
});

test.each([[["allow"]], ["maybe"], ["toString"], [undefined], [5]])("an outcome %j is no decision", (outcome) => {
  expect(decisionIn(foreign({ outcome }))).toBeUndefined();
});

test.each(["text", 5, true, undefined])("evidence %j of another copy is left out", (evidence) => {
  expect(decisionIn(foreign({ outcome: "allow", evidence }))).not.toHaveProperty("evidence");
});

test("a proxy whose prototype cannot be read is no decision", () => {
  const proxy = new Proxy(Object.freeze({ outcome: "allow", code: "allowed" }), {
    getPrototypeOf() {
      throw new Error("no");
    },
  });
  expect(decisionIn(proxy)).toBeUndefined();
});

test("a key of a path is cut at 500 characters", () => {
  const [issue] = issuesOf([{ message: "m", path: ["k".repeat(1000), { key: "k".repeat(1000) }] }]) ?? [];
  expect(issue?.path?.map((key) => String(key).length)).toEqual([500, 500]);
});

test("a path of objects with keys is told by its keys", () => {
  expect(publicIssues([{ message: "m", path: [{ key: "a" }, 1, "b"] }])).toEqual([
    { message: "m", path: ["a", "1", "b"] },
  ]);
});

test("an error without a cause has no cause", () => {
  expect(new PermissionDenied("x")).not.toHaveProperty("cause");
  expect(new PermissionDenied("x", { cause: null })).toHaveProperty("cause", null);
});
