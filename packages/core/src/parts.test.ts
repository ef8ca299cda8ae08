import { describe, expect, it } from "vitest";
import { describeIssues, issuesOf, listOf, partOf, textsOf } from "./parts.js";

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
  it("is one sentence of five issues, with the path where there is one", () => {
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
