import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { pause, within } from "./within.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Replaces `setTimeout` by one whose timers note whether they keep the process alive. */
function timersThatNote() {
  const set = setTimeout;
  const unref = vi.fn();
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((call: () => void, delay: number) => {
    set(call, delay);
    return { unref };
  }) as never);
  return unref;
}

/** Replaces `setTimeout` by one whose timers are numbers, as in a browser. */
function timersOfBrowser() {
  const set = setTimeout;
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((call: () => void, delay: number) => {
    set(call, delay);
    return 1;
  }) as never);
}

describe("within()", () => {
  test("passes an answer on, and leaves no timer behind", async () => {
    expect(await within(100, Promise.resolve("answer"), true)).toBe("answer");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("passes a failure on, and leaves no timer behind", async () => {
    await expect(within(100, Promise.reject(new Error("down")), true)).rejects.toThrow(new Error("down"));
    expect(vi.getTimerCount()).toBe(0);
  });

  test("rejects at its deadline", async () => {
    const waited = within(100, new Promise(() => {}), true).catch((error: unknown) => error);
    const settled = vi.fn();
    void waited.then(settled);
    await vi.advanceTimersByTimeAsync(99);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(await waited).toEqual(new Error("the log has not answered in time"));
  });

  test.each([
    [true, 0],
    [false, 1],
  ])("keeps the process alive: %s", async (keepsAlive, count) => {
    const unref = timersThatNote();
    await within(100, Promise.resolve(), keepsAlive);
    expect(unref).toHaveBeenCalledTimes(count);
  });

  test("runs where timers are numbers", async () => {
    timersOfBrowser();
    expect(await within(100, Promise.resolve("answer"), false)).toBe("answer");
  });
});

describe("pause()", () => {
  test.each([
    [[10, true], 0],
    [[10, false], 1],
    [[10], 1],
  ] as const)("of %j keeps the process alive as it was told", async ([delay, keepsAlive], count) => {
    const unref = timersThatNote();
    const paused = pause(delay, keepsAlive);
    await vi.advanceTimersByTimeAsync(10);
    await paused;
    expect(unref).toHaveBeenCalledTimes(count);
  });

  test("runs where timers are numbers", async () => {
    timersOfBrowser();
    const paused = pause(10);
    await vi.advanceTimersByTimeAsync(10);
    expect(await paused).toBeUndefined();
  });
});
