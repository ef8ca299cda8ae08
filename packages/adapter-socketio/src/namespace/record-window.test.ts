import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { RecordWindow } from "./record-window.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The window of a sequence whose end is the time in milliseconds. */
function windowOf(duration: number) {
  const start = performance.now();
  const state = { isOver: false };
  const sequence = {
    get end() {
      return { at: Math.round(performance.now() - start) };
    },
  };
  return { window: new RecordWindow(sequence, duration, () => state.isOver), state };
}

test("a window has no mark before its duration has passed", () => {
  const { window } = windowOf(100);
  vi.advanceTimersByTime(149);
  expect(window.mark).toBeUndefined();
  vi.advanceTimersByTime(1);
  expect(window.mark).toEqual({ at: 50 });
});

test("a window has its youngest mark that is old enough", () => {
  const { window } = windowOf(100);
  const marks = [200, 250, 300, 1_000].map((at, n, all) => {
    vi.advanceTimersByTime(at - (all[n - 1] ?? 0));
    return window.mark;
  });
  expect(marks).toEqual([{ at: 100 }, { at: 150 }, { at: 200 }, { at: 900 }]);
});

test("a window has its first mark between two looks at the sequence", () => {
  const { window } = windowOf(101);
  vi.advanceTimersByTime(152);
  expect(window.mark).toEqual({ at: 50 });
});

test("a window without a duration has the last mark", () => {
  const { window } = windowOf(0);
  expect(window.mark).toBeUndefined();
  vi.advanceTimersByTime(3);
  expect(window.mark).toEqual({ at: 3 });
});

test("a window stops once nobody asks any more", () => {
  const { state } = windowOf(100);
  vi.advanceTimersByTime(100);
  expect(vi.getTimerCount()).toBe(1);
  state.isOver = true;
  vi.advanceTimersByTime(50);
  expect(vi.getTimerCount()).toBe(0);
});
