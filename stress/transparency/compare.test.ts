import { expect, test } from "vitest";
import { compare } from "./compare.mjs";

const listed = [
  { title: "a known difference", rules: ["allow", "later"], reason: "it reads a private field" },
  { title: "a late difference", rules: ["later"], reason: "it counts ticks" },
] as const;

test("a test that differs and is not listed is unexpected", () => {
  expect(compare(listed, "later", ["a known difference", "a late difference", "another"])).toEqual({
    unexpected: ["another"],
    vanished: [],
  });
});

test("a listed test that passes has vanished", () => {
  expect(compare(listed, "later", ["a known difference"])).toEqual({ unexpected: [], vanished: ["a late difference"] });
});

test("a difference is listed for its rules alone", () => {
  expect(compare(listed, "allow", ["a known difference", "a late difference"])).toEqual({
    unexpected: ["a late difference"],
    vanished: [],
  });
});
