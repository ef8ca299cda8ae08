import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CloseQueue, type Closing } from "./close-queue.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const GUARD = {};
const HERE = { whenGone: () => undefined };

/** Connections that note their calls. */
function closings(count: number, name: string, calls: string[], guard = GUARD): Closing[] {
  return Array.from({ length: count }, (_, i) => ({
    guard,
    connection: HERE,
    end: () => void calls.push(`end ${name}${i}`),
    closeTransport: () => void calls.push(`close ${name}${i}`),
  }));
}

test("revoked connections are closed before expired ones", async () => {
  const queue = new CloseQueue();
  const calls: string[] = [];
  for (const one of closings(150, "expired", calls)) queue.add(one, false);
  for (const one of closings(150, "revoked", calls)) queue.add(one, true);
  queue.flush();
  const closed = () => calls.filter((call) => call.startsWith("close"));
  expect(calls.filter((call) => call.startsWith("end"))).toHaveLength(300);
  expect(closed()).toHaveLength(200);
  expect(
    closed()
      .slice(0, 150)
      .every((call) => call.includes("revoked")),
  ).toBe(true);
  await vi.advanceTimersByTimeAsync(49);
  expect(closed().length).toBeLessThan(300);
  await vi.advanceTimersByTimeAsync(20);
  expect(closed()).toHaveLength(300);
  expect(vi.getTimerCount()).toBe(0);
});

test("a connection that throws does not stop the others", async () => {
  const queue = new CloseQueue();
  const calls: string[] = [];
  const thrown: unknown[] = [];
  vi.stubGlobal("queueMicrotask", (go: () => void) => {
    try {
      go();
    } catch (error) {
      thrown.push(error);
    }
  });
  const bad = () => {
    throw new Error("no");
  };
  queue.add({ guard: GUARD, connection: HERE, end: bad, closeTransport: bad }, true);
  for (const one of closings(1, "", calls)) queue.add(one, true);
  queue.flush();
  vi.unstubAllGlobals();
  expect([calls, thrown]).toEqual([
    ["end 0", "close 0"],
    [new Error("no"), new Error("no")],
  ]);
});

test("a turn ends after some milliseconds", async () => {
  const queue = new CloseQueue();
  const calls: string[] = [];
  for (const one of closings(20, "", calls)) queue.add(one, true);
  const { now } = performance;
  let read = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now.call(performance) + read++);
  queue.flush();
  expect(calls.length).toBeLessThan(10);
  vi.restoreAllMocks();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(calls).toHaveLength(40);
});

test("many revocations in one turn share its milliseconds", async () => {
  const queue = new CloseQueue();
  const calls: string[] = [];
  const { now } = performance;
  let spent = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now.call(performance) + spent);
  for (let revocation = 0; revocation < 100; revocation += 1) {
    const end = () => {
      spent += 1;
      calls.push("end");
    };
    queue.add({ guard: GUARD, connection: HERE, end, closeTransport: () => undefined }, true);
    queue.flush();
  }
  expect(calls).toHaveLength(5);
  vi.restoreAllMocks();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(calls).toHaveLength(100);
});

test("a clock that was replaced loses no connection", async () => {
  const queue = new CloseQueue();
  const calls: string[] = [];
  await vi.advanceTimersByTimeAsync(100_000);
  for (const one of closings(250, "first", calls)) queue.add(one, true);
  queue.flush();
  vi.useRealTimers();
  vi.useFakeTimers();
  for (const one of closings(300, "second", calls)) queue.add(one, true);
  queue.flush();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(calls.filter((call) => call.startsWith("close"))).toHaveLength(550);
});

test("a turn that is lost is made up for", async () => {
  const queue = new CloseQueue();
  const calls: string[] = [];
  for (const one of closings(450, "", calls)) queue.add(one, true);
  const lost = vi.spyOn(globalThis, "setTimeout").mockReturnValue(0 as never);
  queue.flush();
  queue.flush();
  expect(lost).toHaveBeenCalledOnce();
  lost.mockRestore();
  await vi.advanceTimersByTimeAsync(6_000);
  queue.flush();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(calls.filter((call) => call.startsWith("close"))).toHaveLength(450);
});

test("all connections of a guard that is closed are closed at once", async () => {
  const queue = new CloseQueue();
  const calls: string[] = [];
  const other = {};
  const bad = () => {
    throw new Error("no");
  };
  vi.stubGlobal("queueMicrotask", () => undefined);
  queue.add({ guard: GUARD, connection: HERE, end: bad, closeTransport: bad }, true);
  for (const one of closings(300, "mine", calls)) queue.add(one, true);
  for (const one of closings(300, "expired", calls)) queue.add(one, false);
  for (const one of closings(1, "other", calls, other)) queue.add(one, false);
  const closed = queue.closeAll(GUARD);
  vi.unstubAllGlobals();
  expect(closed).toEqual(Array(601).fill(HERE));
  expect([calls.length, calls.some((call) => call.includes("other"))]).toEqual([1_200, false]);
  queue.flush();
  expect(calls.slice(1_200)).toEqual(["end other0", "close other0"]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([calls.length, vi.getTimerCount()]).toEqual([1_202, 0]);
});

describe("at one moment", () => {
  const closed = (calls: readonly string[]) => calls.filter((call) => call.startsWith("close")).length;

  test("two turns close no more than one", async () => {
    const queue = new CloseQueue();
    const calls: string[] = [];
    await vi.advanceTimersByTimeAsync(10_000);
    for (const name of ["first", "second"]) {
      for (const one of closings(200, name, calls)) queue.add(one, true);
      queue.flush();
      expect(closed(calls)).toBe(200);
    }
    await vi.advanceTimersByTimeAsync(1_000);
    expect(closed(calls)).toBe(400);
  });

  test("two turns schedule one further turn", async () => {
    const queue = new CloseQueue();
    await vi.advanceTimersByTimeAsync(10_000);
    for (const one of closings(300, "", [])) queue.add(one, true);
    queue.flush();
    queue.flush();
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test.each([
  [9, 5],
  [10, 10],
])("a turn after %i milliseconds has ended %i connections", async (elapsed, count) => {
  const queue = new CloseQueue();
  const { now } = performance;
  let spent = 0;
  let ended = 0;
  await vi.advanceTimersByTimeAsync(10_000);
  vi.spyOn(performance, "now").mockImplementation(() => now.call(performance) + spent);
  const end = () => {
    spent += 1;
    ended += 1;
  };
  for (let i = 0; i < 20; i += 1)
    queue.add({ guard: GUARD, connection: HERE, end, closeTransport: () => undefined }, true);
  queue.flush();
  // The work itself took five milliseconds.
  spent = elapsed;
  queue.flush();
  expect(ended).toBe(count);
});

test.each([
  [4_999, 0],
  [5_000, 1],
])("a turn that is %i milliseconds late is lost: %i", async (late, count) => {
  const queue = new CloseQueue();
  for (const one of closings(900, "", [])) queue.add(one, true);
  const set = vi.spyOn(globalThis, "setTimeout").mockReturnValue(0 as never);
  queue.flush();
  expect(set).toHaveBeenCalledExactlyOnceWith(expect.any(Function), 10);
  await vi.advanceTimersByTimeAsync(10 + late);
  set.mockClear();
  queue.flush();
  expect(set).toHaveBeenCalledTimes(count);
});
