import { expect, test } from "vitest";
import { withThen } from "../../test/connection.js";
import { isThenable } from "./thenable.js";

test("a value that await waits for is a thenable", () => {
  const then = { value() {} };
  for (const value of [
    Promise.resolve(),
    withThen({}, then),
    withThen(() => {}, then),
    Object.create(withThen({}, then)),
  ]) {
    expect(isThenable(value)).toBe(true);
  }
});

test("everything else is not", () => {
  for (const value of [
    undefined,
    null,
    true,
    0,
    "then",
    {},
    withThen({}, { value: 1 }),
    () => {},
    [],
    Symbol("then"),
  ]) {
    expect(isThenable(value)).toBe(false);
  }
});

test("reading it may throw", () => {
  const get = () => {
    throw new Error("trap");
  };
  expect(() => isThenable(withThen({}, { get }))).toThrow("trap");
});
