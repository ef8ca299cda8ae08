import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { closeSoon, drainSession, emitClose } from "./close.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] }));
afterEach(() => void vi.useRealTimers());

/** A socket of ws, open unless its state is given. */
function socketOf(readyState = 1, close = vi.fn()) {
  const listeners: (() => void)[] = [];
  const once = (_event: string, listener: () => void) => void listeners.push(listener);
  return { readyState, close, once, terminate: vi.fn(), end: () => listeners.map((listener) => listener()) };
}

test("a client that does not answer a close frame is terminated", () => {
  const [silent, answering] = [socketOf(), socketOf()];
  closeSoon(silent as never, 4401, "revoked");
  closeSoon(answering as never, 4401, "revoked");
  expect(silent.close).toHaveBeenCalledWith(4401, "revoked");
  answering.end();
  vi.advanceTimersByTime(1_100);
  expect([silent.terminate.mock.calls.length, answering.terminate.mock.calls.length]).toEqual([1, 0]);
});

test("a closed socket is not closed again", () => {
  const socket = socketOf(3);
  closeSoon(socket as never, 1000, "");
  expect(socket.close).not.toHaveBeenCalled();
});

test("a wrong close code terminates the connection, and throws", () => {
  const refuse = vi.fn(() => {
    throw new TypeError("a wrong code");
  });
  const socket = socketOf(1, refuse);
  expect(() => closeSoon(socket as never, 7, "")).toThrow("a wrong code");
  expect(socket.terminate).toHaveBeenCalledOnce();
});

test("a drain tells whether messages were pending", () => {
  const steps: unknown[] = [];
  const meanwhile = () => void steps.push("meanwhile");
  const whenDrained = (isLater: boolean) => void steps.push(isLater);
  expect(drainSession({ drain: (done) => done() }, { whenDrained, meanwhile })).toBe(false);
  const drains: (() => void)[] = [];
  expect(drainSession({ drain: (done) => void drains.push(done) }, { whenDrained })).toBe(true);
  drains[0]?.();
  expect(steps).toEqual([false, "meanwhile", true]);
});

test("an error of a close listener is thrown outside", async () => {
  const uncaught = vi.fn();
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.once("uncaughtException", uncaught);
  const bare = {
    emit() {
      throw new Error("a listener");
    },
  };
  emitClose(bare as never, undefined, []);
  vi.useRealTimers();
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.removeAllListeners("uncaughtException");
  for (const listener of listeners) process.on("uncaughtException", listener);
  expect(uncaught).toHaveBeenCalledOnce();
});
