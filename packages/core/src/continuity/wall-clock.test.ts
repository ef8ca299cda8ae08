import { expect, test, vi } from "vitest";
import { START, useFakeTime } from "../../test/fake-time.js";
import { wallTimeAt } from "./wall-clock.js";

useFakeTime();

test("the wall clock is read once in a millisecond", () => {
  const read = vi.spyOn(Date, "now");
  wallTimeAt(1_000_000);
  wallTimeAt(1_000_000.5);
  expect(read).toHaveBeenCalledTimes(1);
  wallTimeAt(1_000_001);
  expect(read).toHaveBeenCalledTimes(2);
});

test("time passes between two readings of the wall clock", () => {
  expect(wallTimeAt(2_000_000)).toBe(START);
  expect(wallTimeAt(2_000_000.75)).toBe(START + 0.75);
});

test.each([3_600_000, -3_600_000])("a clock that is set by %i ms is noticed a millisecond later", (by) => {
  wallTimeAt(3_000_000);
  vi.setSystemTime(START + by);
  expect(wallTimeAt(3_000_000.9)).toBe(START + 0.9);
  expect(wallTimeAt(3_000_001)).toBe(START + by);
});

test("a monotonic clock that begins anew is followed", () => {
  wallTimeAt(4_000_000);
  expect(wallTimeAt(10)).toBe(START);
});
