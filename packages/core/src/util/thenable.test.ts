import { expect, test, vi } from "vitest";
import { withThen } from "../../test/connection.js";
import { ignoreRejection, isThenable } from "./thenable.js";

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

test("the rejection of a promise is ignored, and a query is not begun", async () => {
  expect(ignoreRejection(Promise.reject(new Error("late")))).toBe(true);
  const begin = vi.fn();
  expect(ignoreRejection(withThen({}, { value: begin }))).toBe(true);
  expect(begin).not.toHaveBeenCalled();
  expect(ignoreRejection({})).toBe(false);
});
