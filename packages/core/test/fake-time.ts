import { afterEach, beforeEach, vi } from "vitest";

/** The time at which a test with fake time starts: 1 January 2026. */
export const START = Date.UTC(2026, 0, 1);

/** Fakes the timers and the clocks of each test of a file. */
export function useFakeTime(): void {
  beforeEach(() => void vi.useFakeTimers({ now: START }));
  afterEach(() => void vi.useRealTimers());
}

/** Runs what is due now, and what it promises. */
export const soon = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

/** Sets the wall clock. A millisecond passes, because the clock is read once in one. */
export function setClock(time: number): void {
  vi.setSystemTime(time);
  vi.advanceTimersByTime(1);
}
