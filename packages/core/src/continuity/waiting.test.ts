import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Waiting } from "./waiting.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("a settlement releases all who wait, and nobody twice", async () => {
  const waiting = new Waiting();
  waiting.release();
  const waits = [waiting.wait(100), waiting.wait(200)];
  await vi.advanceTimersByTimeAsync(100);
  expect(await waits[0]).toBe(false);
  waiting.release();
  waiting.release();
  expect(await Promise.all(waits)).toEqual([false, true]);
});

test("nobody waits after a release, or once the time is over", async () => {
  const waiting = new Waiting();
  const states = [waiting.isEmpty];
  void waiting.wait(100);
  states.push(waiting.isEmpty);
  await vi.advanceTimersByTimeAsync(100);
  states.push(waiting.isEmpty);
  void waiting.wait(100);
  states.push(waiting.isEmpty);
  waiting.release();
  states.push(waiting.isEmpty);
  expect(states).toEqual([true, false, true, false, true]);
});
