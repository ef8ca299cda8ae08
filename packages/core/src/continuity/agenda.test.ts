import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Agenda, type AgendaItem } from "./agenda.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

class Item implements AgendaItem {
  due = 0;
  slot = -1;
  readonly woken: number[] = [];

  wake(): void {
    this.woken.push(performance.now());
  }
}

/** An item, and the times that are set for it, each at a time. */
const plans = fc.array(
  fc.array(
    fc.tuple(fc.integer({ min: 0, max: 50 }), fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constant(Infinity))),
    {
      minLength: 1,
      maxLength: 5,
    },
  ),
  { maxLength: 20 },
);

/** The times at which an item is woken, without a heap: a setting counts unless another one comes before its time. */
function timesOf(plan: readonly (readonly [number, number])[]): number[] {
  const settings = [...plan].sort(([one], [other]) => one - other);
  return settings.flatMap(([at, due], i) => {
    const time = Math.max(at, due);
    const next = settings[i + 1]?.[0] ?? Number.POSITIVE_INFINITY;
    return time < Number.POSITIVE_INFINITY && next > at && time <= next ? [time] : [];
  });
}

test("every item is woken at the time that was set last", async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (all) => {
      const agenda = new Agenda();
      const start = performance.now();
      const items = all.map(() => new Item());
      for (let now = 0; now <= 200; now++) {
        for (const [i, plan] of all.entries()) {
          for (const [at, due] of plan) if (at === now) agenda.set(items[i] as Item, start + due);
        }
        await vi.advanceTimersByTimeAsync(1);
      }
      expect(agenda.size).toBe(0);
      expect(items.map(({ woken }) => woken.map((time) => time - start))).toEqual(all.map(timesOf));
    }),
    { numRuns: 60 },
  );
});

test("one timer serves all items", () => {
  const agenda = new Agenda();
  const set = vi.spyOn(globalThis, "setTimeout");
  for (let i = 0; i < 1_000; i++) agenda.set(new Item(), performance.now() + 1_000 + i);
  expect([vi.getTimerCount(), set.mock.calls.length]).toEqual([1, 1]);
});

test("an agenda without items has no timer", () => {
  const agenda = new Agenda();
  const item = new Item();
  agenda.set(item, performance.now() + 1_000);
  agenda.set(item, Number.POSITIVE_INFINITY);
  expect([agenda.size, vi.getTimerCount()]).toEqual([0, 0]);
});

test("a timer is set for no longer than it can run", () => {
  const set = vi.spyOn(globalThis, "setTimeout");
  new Agenda().set(new Item(), performance.now() + 2 ** 33);
  expect(set).toHaveBeenCalledExactlyOnceWith(expect.any(Function), 2 ** 31 - 1);
});

test("items are woken where timers are numbers", () => {
  const set = setTimeout;
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((call: () => void, delay: number) => {
    set(call, delay);
    return 1;
  }) as never);
  const item = new Item();
  new Agenda().set(item, performance.now() + 5);
  vi.advanceTimersByTime(5);
  expect(item.woken).toHaveLength(1);
});

test("an error of an item is thrown outside of the agenda", () => {
  const thrown: unknown[] = [];
  vi.stubGlobal("queueMicrotask", (go: () => void) => {
    try {
      go();
    } catch (error) {
      thrown.push(error);
    }
  });
  const agenda = new Agenda();
  const bad = new Item();
  bad.wake = () => {
    throw new Error("no");
  };
  agenda.set(bad, performance.now() + 1);
  vi.advanceTimersByTime(1);
  expect(thrown).toEqual([new Error("no")]);
});

test("items are woken for a little more than five milliseconds", () => {
  const agenda = new Agenda();
  const woken: number[] = [];
  const { now } = performance;
  let spent = 0;
  vi.advanceTimersByTime(1_000);
  vi.spyOn(performance, "now").mockImplementation(() => now.call(performance) + spent);
  for (let i = 0; i < 20; i += 1) {
    const item = new Item();
    item.wake = () => {
      spent += 1;
      woken.push(i);
    };
    agenda.set(item, performance.now() + 1);
  }
  vi.advanceTimersToNextTimer();
  expect(woken).toHaveLength(6);
  vi.advanceTimersToNextTimer();
  expect(woken).toHaveLength(12);
});

test("an item that throws does not stop the others", async () => {
  const agenda = new Agenda();
  const thrown: unknown[] = [];
  vi.stubGlobal("reportError", undefined);
  const bad = new Item();
  bad.wake = () => {
    thrown.push(1);
    throw new Error("no");
  };
  const good = new Item();
  process.once("uncaughtException", (error) => thrown.push(error));
  agenda.set(bad, performance.now() + 1);
  agenda.set(good, performance.now() + 1);
  await vi.advanceTimersByTimeAsync(1).catch((error: unknown) => thrown.push(error));
  await vi.advanceTimersByTimeAsync(1).catch((error: unknown) => thrown.push(error));
  expect(good.woken).toHaveLength(1);
  expect(thrown.length).toBeGreaterThan(0);
});

test("a clock that was replaced loses no item", async () => {
  const agenda = new Agenda();
  const item = new Item();
  agenda.set(new Item(), performance.now() + 1_000);
  vi.useRealTimers();
  vi.useFakeTimers();
  agenda.set(item, performance.now() + 5);
  await vi.advanceTimersByTimeAsync(5);
  expect(item.woken).toHaveLength(1);
});

test("many items that are due leave other work its turn", async () => {
  const agenda = new Agenda();
  const items = Array.from({ length: 20 }, () => new Item());
  for (const item of items) agenda.set(item, performance.now() + 1);
  const { now } = performance;
  let read = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now.call(performance) + read++);
  vi.advanceTimersToNextTimer();
  const woken = () => items.filter((item) => item.woken.length > 0).length;
  expect(woken()).toBeLessThan(20);
  vi.restoreAllMocks();
  await vi.advanceTimersByTimeAsync(100);
  expect(woken()).toBe(20);
});

test("an item is not woken before its time", () => {
  const agenda = new Agenda();
  const item = new Item();
  const time = performance.now() + 0.25;
  agenda.set(item, time);
  expect([Number.isInteger(item.due), item.due >= time]).toEqual([true, true]);
});
