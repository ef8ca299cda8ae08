import { Duplex } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { NOT_READING, ReadPause } from "./read-pause.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] }));
afterEach(() => void vi.useRealTimers());

function connect(isPausedByApplication = false) {
  const calls: string[] = [];
  const receiver = { startLoop() {}, _allowSynchronousEvents: true };
  const raw = { _receiver: receiver, _socket: new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }) };
  const bare = { pause: () => void calls.push("pause"), resume: () => void calls.push("resume") };
  const pause = new ReadPause({ raw, fairShare: undefined, isPausedByApplication } as never, bare as never);
  return { pause, calls, isHeld: () => !receiver._allowSynchronousEvents };
}

test("a socket is paused until no reason is left", () => {
  const { pause, calls, isHeld } = connect();
  expect([pause.isPaused, pause.has(NOT_READING)]).toEqual([false, false]);
  pause.resume(NOT_READING);
  expect(calls).toEqual([]);
  pause.pause(NOT_READING);
  expect([pause.isPaused, pause.has(NOT_READING), isHeld()]).toEqual([true, true, true]);
  pause.pauseWhileDeciding(1_000);
  pause.resume(NOT_READING);
  expect([pause.isPaused, pause.has(NOT_READING), isHeld(), calls]).toEqual([true, false, true, ["pause", "pause"]]);
  pause.resumeDecided();
  expect([pause.isPaused, isHeld(), calls]).toEqual([false, false, ["pause", "pause", "resume"]]);
});

test("a pause of the application outlasts those of the guard", () => {
  const { pause, calls } = connect(true);
  pause.pause(NOT_READING);
  pause.resume(NOT_READING);
  expect([pause.isPaused, calls]).toEqual([false, ["pause"]]);
});

test("a decision pauses a socket for its deadline, until the queue is empty", () => {
  const { pause, calls } = connect();
  pause.pauseWhileDeciding(100);
  vi.advanceTimersByTime(110);
  expect([pause.isPaused, calls]).toEqual([false, ["pause", "resume"]]);
  pause.pauseWhileDeciding(100);
  expect(pause.isPaused).toBe(false);
  pause.resumeDecided();
  pause.pauseWhileDeciding(100);
  expect(pause.isPaused).toBe(true);
});

test("the end of a connection ends every pause", () => {
  const { pause, calls, isHeld } = connect();
  pause.pause(NOT_READING);
  pause.pauseWhileDeciding(100);
  pause.stop();
  expect([pause.isPaused, isHeld()]).toEqual([false, false]);
  vi.advanceTimersByTime(200);
  pause.resume(NOT_READING);
  expect(calls).toEqual(["pause", "pause"]);
});

test("a cancelled deadline ends no pause", () => {
  const { pause, calls } = connect();
  pause.pauseWhileDeciding(100);
  pause.cancelTimeout();
  vi.advanceTimersByTime(200);
  expect([pause.isPaused, calls]).toEqual([true, ["pause"]]);
});

test("a socket without a parser is paused and resumed too", () => {
  const calls: string[] = [];
  const bare = { pause: () => void calls.push("pause"), resume: () => void calls.push("resume") };
  const pause = new ReadPause({ raw: {}, fairShare: undefined, isPausedByApplication: false } as never, bare as never);
  pause.pause(NOT_READING);
  pause.resume(NOT_READING);
  pause.pause(NOT_READING);
  pause.stop();
  expect([pause.isPaused, calls]).toEqual([false, ["pause", "resume", "pause"]]);
});
