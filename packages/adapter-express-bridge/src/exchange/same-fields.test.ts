import fc from "fast-check";
import { expect, test } from "vitest";
import { isSame } from "./same-fields.js";

test.each<[unknown, unknown]>([
  [{ a: undefined }, { b: undefined }],
  [{}, { a: 1 }],
  [{ a: 1 }, { a: 2 }],
  [["a"], ["b"]],
  [[], {}],
  [{}, 5],
  [{}, ""],
  [[], null],
  [{}, undefined],
  [{}, new Date(0)],
  [new Map(), new Map()],
  [0, -0],
  [{ a: [{}] }, { a: [[]] }],
])("%j and %j have not the same fields", (one, other) => {
  expect([isSame(one, other), isSame(other, one)]).toEqual([false, false]);
});

test.each<[unknown, unknown]>([
  [1, "1"],
  [true, "true"],
  [{ a: [1] }, { a: ["1"] }],
])("%j equals the text %j in a URL alone", (one, text) => {
  expect([isSame(one, text), isSame(one, text, true), isSame(text, one, true)]).toEqual([false, true, true]);
});

test("values are the same where their JSON is", () => {
  const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value));
  const sorted = (_key: string, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value).sort() : value;
  fc.assert(
    fc.property(json, json, (one, other) => {
      const [a, b] = [JSON.parse(one), JSON.parse(other)];
      expect(isSame(a, JSON.parse(one))).toBe(true);
      if (isSame(a, b)) expect(JSON.stringify(a, sorted)).toBe(JSON.stringify(b, sorted));
    }),
  );
});
