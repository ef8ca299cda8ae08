import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FirstMessage } from "./first-message.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] }));
afterEach(() => void vi.useRealTimers());

function hold() {
  const calls: unknown[] = [];
  const held = new FirstMessage(100, (isListenedTo) => void calls.push(isListenedTo));
  return { held, calls, next: () => void calls.push("next") };
}

test("a listener gets the held message in a later tick, once", async () => {
  const { held, calls, next } = hold();
  held.whenHandedOn(next);
  held.listen();
  held.listen();
  expect(calls).toEqual([]);
  await vi.advanceTimersByTimeAsync(200);
  expect(calls).toEqual([true, "next"]);
  held.whenHandedOn(next);
  expect(calls).toEqual([true, "next", "next"]);
});

test("a message without a listener is held for the grace, once", async () => {
  const { held, calls } = hold();
  await vi.advanceTimersByTimeAsync(99);
  expect(calls).toEqual([]);
  await vi.advanceTimersByTimeAsync(10);
  held.listen();
  await vi.advanceTimersByTimeAsync(200);
  expect(calls).toEqual([false]);
});

test("a dropped message is delivered to nobody", async () => {
  const { held, calls, next } = hold();
  held.listen();
  held.drop();
  held.whenHandedOn(next);
  expect(calls).toEqual(["next"]);
  await vi.advanceTimersByTimeAsync(200);
  expect(calls).toEqual(["next"]);
});

test("the next message follows a listener that throws", async () => {
  const next = vi.fn();
  const held = new FirstMessage(10, () => {
    throw new Error("a listener");
  });
  held.whenHandedOn(next);
  await expect(vi.advanceTimersByTimeAsync(20)).rejects.toThrow("a listener");
  expect(next).toHaveBeenCalledOnce();
});
