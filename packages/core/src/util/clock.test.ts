import { afterEach, describe, expect, it, vi } from "vitest";
import { readClock } from "./clock.js";

afterEach(() => void vi.useRealTimers());

describe("the clock", () => {
  it("follows the fake timers of a test, and leaves them", () => {
    const real = readClock();
    vi.useFakeTimers({ toFake: ["setTimeout", "performance"] });
    const start = readClock();
    vi.advanceTimersByTime(500);
    expect(readClock() - start).toBe(500);
    vi.useRealTimers();
    expect(readClock()).toBeGreaterThanOrEqual(real);
    expect(readClock()).toBeLessThanOrEqual(performance.now());
  });

  it("reads the global `performance` once", () => {
    const own = Object.getOwnPropertyDescriptor(globalThis, "performance") as PropertyDescriptor;
    const read = vi.fn(() => clock);
    const clock = performance;
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    Object.defineProperty(globalThis, "performance", { configurable: true, get: read });
    try {
      for (let turn = 0; turn < 3; turn++) readClock();
      expect(read).toHaveBeenCalledTimes(1);
    } finally {
      Object.defineProperty(globalThis, "performance", own);
    }
  });
});
