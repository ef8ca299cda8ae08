import type { RecordMark } from "@portcullis/core/internal";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { KeptSessions } from "./kept-sessions.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const mark = (): RecordMark => ({ record: undefined, next: undefined });

test("a stored session has its mark, and is not used", () => {
  const all = new KeptSessions(100);
  const ofA = mark();
  all.keep("a", ofA);
  expect([all.markOf("a") === ofA, all.isUsed("a")]).toEqual([true, false]);
  expect([all.markOf("b"), all.isUsed("b")]).toEqual([undefined, false]);
});

test("a used session has no mark, until it is stored again", () => {
  const all = new KeptSessions(100);
  all.keep("a", mark());
  all.use("a");
  expect([all.markOf("a"), all.isUsed("a")]).toEqual([undefined, true]);
  all.keep("a", mark());
  expect([all.markOf("a"), all.isUsed("a")]).toEqual([mark(), false]);
});

test("each session is forgotten at the end of its time", () => {
  const all = new KeptSessions(100);
  all.keep("a", mark());
  vi.advanceTimersByTime(50);
  all.keep("b", mark());
  vi.advanceTimersByTime(49);
  expect(all.markOf("a")).toBeDefined();
  vi.advanceTimersByTime(1);
  expect([all.markOf("a"), all.markOf("b")]).toEqual([undefined, mark()]);
  vi.advanceTimersByTime(50);
  expect(all.markOf("b")).toBeUndefined();
});

test("a session that is stored again keeps no other one alive", () => {
  const all = new KeptSessions(100);
  all.keep("a", mark());
  vi.advanceTimersByTime(50);
  all.keep("b", mark());
  vi.advanceTimersByTime(40);
  all.keep("a", mark());
  vi.advanceTimersByTime(60);
  expect([all.markOf("a"), all.markOf("b")]).toEqual([mark(), undefined]);
  vi.advanceTimersByTime(40);
  expect(all.markOf("a")).toBeUndefined();
});

test("any number of sessions needs one timer, and none needs none", () => {
  const all = new KeptSessions(100);
  expect(vi.getTimerCount()).toBe(0);
  for (const id of ["a", "b", "c"]) all.keep(id, mark());
  expect(vi.getTimerCount()).toBe(1);
  const start = performance.now();
  vi.advanceTimersToNextTimer();
  expect([performance.now() - start, vi.getTimerCount(), all.markOf("c")]).toEqual([100, 0, undefined]);
});
