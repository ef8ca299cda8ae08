import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SlidingLimit } from "./sliding-limit.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("a limit tells how long to wait for the oldest", () => {
  const limit = new SlidingLimit(2, 1_000);
  vi.advanceTimersByTime(5_000);
  expect(limit.add()).toBeUndefined();
  vi.advanceTimersByTime(100);
  expect(limit.add()).toBeUndefined();
  vi.advanceTimersByTime(200);
  expect(limit.add()).toBe(700);
  vi.advanceTimersByTime(700);
  expect([limit.add(), limit.add()]).toEqual([undefined, 100]);
});

test("a limit is quiet while nothing is in its window", () => {
  const limit = new SlidingLimit(3, 1_000);
  expect(limit.isQuiet).toBe(true);
  limit.add();
  vi.advanceTimersByTime(500);
  limit.add();
  vi.advanceTimersByTime(500);
  expect(limit.isQuiet).toBe(false);
  vi.advanceTimersByTime(500);
  expect(limit.isQuiet).toBe(true);
});
