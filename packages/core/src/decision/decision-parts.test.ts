import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { listOf, partOf, textsOf } from "../util/safe-read.js";
import { describeIssues, issuesOf, publicIssues } from "./decision-parts.js";

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable([], {});
  revoke();
  return proxy;
};
const throwing = (name: string) =>
  Object.defineProperty({}, name, {
    enumerable: true,
    get() {
      throw new Error("no");
    },
  });

describe("issuesOf", () => {
  it("keeps what is text, with the keys of a path", () => {
    const issues = [
      { message: "expected a string", path: ["room"] },
      { message: "too long", path: ["parts", 0, { key: "text" }, Symbol("s"), { key: {} }, null] },
      { message: 5 },
      { path: ["room"] },
      null,
      throwing("message"),
      { message: "odd", path: "room" },
      { message: "no path", path: revoked() },
    ];
    expect(issuesOf(issues)).toEqual([
      { message: "expected a string", path: ["room"] },
      { message: "too long", path: ["parts", 0, "text"] },
      { message: "odd" },
      { message: "no path" },
    ]);
  });

  it("keeps twenty of any number, and reads no more", () => {
    let count = 0;
    const issue = {
      get message() {
        count += 1;
        return "m".repeat(10_000);
      },
      path: Array.from({ length: 10_000 }, () => "k".repeat(1000)),
    };
    const kept = issuesOf(Array.from({ length: 100_000 }, () => issue)) ?? [];
    expect([kept.length, count]).toEqual([20, 20]);
    expect(kept[0]?.path).toHaveLength(20);
    expect(kept[0]?.message).toHaveLength(500);
    expect(describeIssues(kept)).toHaveLength(500);
  });

  it("makes nothing of what is no list", () => {
    for (const given of [undefined, null, 5, "issues", {}, new Set([1]), revoked()]) {
      expect(issuesOf(given)).toBeUndefined();
    }
  });
});

describe("describeIssues", () => {
  it("is one sentence of five issues with their paths", () => {
    const issues = [
      { message: "expected a string", path: ["room"] },
      { message: "too long", path: ["parts", 0, "text"] },
      { message: "unknown key", path: [] },
      ..."abc".split("").map((message) => ({ message })),
    ];
    expect(describeIssues(issues)).toBe("room: expected a string; parts.0.text: too long; unknown key; a; b");
    expect(describeIssues([])).toBe("");
  });
});

describe("textsOf", () => {
  it("copies the texts among the own fields", () => {
    const given = Object.assign(throwing("bad"), { a: "1", b: 2, c: ["3"], d: Symbol("4") });
    const texts = textsOf(given);
    expect(texts).toEqual({ a: "1" });
    expect(Object.getPrototypeOf(texts)).toBeNull();
    expect(Object.isFrozen(texts)).toBe(true);
    expect(Object.keys(textsOf(JSON.parse('{"__proto__":"1"}')) ?? {})).toEqual(["__proto__"]);
  });

  it("makes nothing of what is no record", () => {
    for (const given of [undefined, null, 5, "text", () => 1, revoked()]) expect(textsOf(given)).toBeUndefined();
  });
});

it("a part that cannot be read is not there", () => {
  for (const from of [undefined, null, 5, revoked(), throwing("a")]) expect(partOf(from, "a")).toBeUndefined();
  expect(partOf({ a: 1 }, "a")).toBe(1);
});

it("a list that cannot be read is none", () => {
  const odd = new Proxy([1], {
    get() {
      throw new Error("no");
    },
  });
  expect(listOf(odd, 5, (value) => value)).toBeUndefined();
  expect(listOf([1, undefined, 2, 3], 3, (value) => value)).toEqual([1, 2]);
});

describe("public issues", () => {
  test("is told with the names of its path", () => {
    const issues = issuesOf([{ message: "bad", path: ["a", 0, { key: "b" }, Symbol("c")] }, { message: "odd" }]) ?? [];
    expect(publicIssues(issues)).toStrictEqual([
      { path: ["a", "0", "b"], message: "bad" },
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

  test("are at most five issues and 500 characters of text", () => {
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
        const told = publicIssues(issuesOf(issues) ?? []);
        const texts = told.flatMap(({ path, message }) => [...path, message]);
        expect(texts.every((text) => typeof text === "string")).toBe(true);
        expect(told.length).toBeLessThanOrEqual(5);
        expect(texts.join("").length).toBeLessThanOrEqual(500);
      }),
      { numRuns: 2000 },
    );
  });
});
