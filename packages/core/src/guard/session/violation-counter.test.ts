import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readLimits } from "../limits.js";
import { ViolationCounter } from "./violation-counter.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

const limits = readLimits({ undecodable: 2, undecodableWindow: 100 });

test("the limit itself is allowed, one more is not", () => {
  const flood = new ViolationCounter();
  expect([1, 2, 3, 4].map(() => flood.add(limits))).toEqual([false, false, true, true]);
});

test("the window includes its end and nothing behind it", () => {
  for (const [milliseconds, isTooMany] of [
    [100, true],
    [101, false],
  ] as const) {
    const flood = new ViolationCounter();
    flood.add(limits);
    flood.add(limits);
    vi.advanceTimersByTime(milliseconds);
    expect(flood.add(limits)).toBe(isTooMany);
  }
});

test("a stricter limit counts what came under a laxer one", () => {
  const flood = new ViolationCounter();
  for (let count = 0; count < 5; count++) expect(flood.add(readLimits())).toBe(false);
  expect(flood.add(limits)).toBe(true);
});

test("counts those in the window, for any times", () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 80 }), { maxLength: 30 });
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 5 }), (given, undecodable) => {
      const own = readLimits({ undecodable, undecodableWindow: 100 });
      const flood = new ViolationCounter();
      const times: number[] = [];
      for (const gap of given) {
        vi.advanceTimersByTime(gap);
        times.push(performance.now());
        const within = times.filter((time) => performance.now() - time <= 100).length;
        expect(flood.add(own)).toBe(within > undecodable);
      }
    }),
  );
});
