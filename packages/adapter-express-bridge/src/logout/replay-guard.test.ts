import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ReplayGuard } from "./replay-guard.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

test("an id is refused until its lifetime is over", () => {
  const guard = new ReplayGuard(1_000);
  expect([guard.add("a"), guard.add("a")]).toEqual([true, false]);
  vi.advanceTimersByTime(999);
  expect(guard.add("a")).toBe(false);
  vi.advanceTimersByTime(1);
  expect([guard.add("a"), guard.add("a")]).toEqual([true, false]);
});

test("only ids beyond their lifetime are forgotten", () => {
  const guard = new ReplayGuard(1_000);
  guard.add("a");
  vi.advanceTimersByTime(600);
  guard.add("b");
  vi.advanceTimersByTime(600);
  expect([guard.add("b"), guard.add("a")]).toEqual([false, true]);
});

test("ten thousand ids are remembered, the oldest leaves first", () => {
  const guard = new ReplayGuard(1_000);
  for (let id = 0; id < 10_000; id += 1) guard.add(`${id}`);
  expect([guard.add("0"), guard.add("9999")]).toEqual([false, false]);
  expect([guard.add("more"), guard.add("1"), guard.add("more")]).toEqual([true, false, false]);
  expect([guard.add("0"), guard.add("2")]).toEqual([true, false]);
});

test("a forgotten id is accepted again", () => {
  const guard = new ReplayGuard(1_000);
  guard.add("a");
  guard.forget("a");
  expect(guard.add("a")).toBe(true);
});
