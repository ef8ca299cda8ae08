import { afterEach, beforeEach, describe, expect, it, test, vi } from "vitest";
import { cancelTimeout, isOverdue, Timeout, TimeoutList, type TimeoutNode, timeoutListOf } from "./deadline.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const ended: string[] = [];

function waiting(name: string, onExpire: () => void = () => undefined): TimeoutNode {
  return {
    previous: undefined,
    next: undefined,
    due: 0,
    expire() {
      ended.push(name);
      onExpire();
    },
  };
}

beforeEach(() => {
  ended.length = 0;
});

describe("Deadlines", () => {
  it("end a wait at most one tick late", () => {
    const deadlines = new TimeoutList(1000);
    deadlines.add(waiting("one"));
    vi.advanceTimersByTime(999);
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ended).toEqual(["one"]);
  });

  it("end waits in the order they began", () => {
    const deadlines = new TimeoutList(1000);
    deadlines.add(waiting("one"));
    vi.advanceTimersByTime(300);
    deadlines.add(waiting("two"));
    deadlines.add(waiting("three"));
    vi.advanceTimersByTime(760);
    expect(ended).toEqual(["one"]);
    vi.advanceTimersByTime(300);
    expect(ended).toEqual(["one", "two", "three"]);
  });

  it("do not end a cancelled wait, from any position", () => {
    const deadlines = new TimeoutList(100);
    const waits = ["first", "middle", "last", "kept"].map((name) => waiting(name));
    for (const wait of waits) deadlines.add(wait);
    for (const index of [1, 0, 2, 1]) cancelTimeout(waits[index] as TimeoutNode);
    vi.advanceTimersByTime(200);
    expect(ended).toEqual(["kept"]);
    cancelTimeout(waits[3] as TimeoutNode);
  });

  it("leave no timer behind when nothing waits", () => {
    const deadlines = new TimeoutList(100);
    const wait = waiting("one");
    deadlines.add(wait);
    expect(vi.getTimerCount()).toBe(1);
    cancelTimeout(wait);
    vi.advanceTimersByTime(10);
    expect(vi.getTimerCount()).toBe(0);
    deadlines.add(wait);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(200);
    expect(ended).toEqual(["one"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("tick twenty times, at most once in a millisecond", () => {
    const setTimer = vi.spyOn(globalThis, "setTimeout");
    for (const [length, looks] of [
      [5000, 20],
      [4, 4],
    ] as const) {
      setTimer.mockClear();
      new TimeoutList(length).add(waiting(String(length)));
      vi.advanceTimersByTime(length);
      expect(ended).toEqual([String(length)]);
      expect(setTimer).toHaveBeenCalledTimes(looks);
      ended.length = 0;
    }
    setTimer.mockRestore();
  });

  it("set one timer, however many wait", () => {
    const deadlines = new TimeoutList(100);
    for (let turn = 0; turn < 1000; turn++) deadlines.add(waiting("one"));
    expect(vi.getTimerCount()).toBe(1);
  });

  it("take a wait that begins while another ends", () => {
    const deadlines = new TimeoutList(100);
    deadlines.add(waiting("one", () => deadlines.add(waiting("two"))));
    vi.advanceTimersByTime(110);
    expect(ended).toEqual(["one"]);
    vi.advanceTimersByTime(110);
    expect(ended).toEqual(["one", "two"]);
  });

  it("go on after one that failed to end", () => {
    const deadlines = new TimeoutList(100);
    deadlines.add(
      waiting("one", () => {
        throw new Error("of a listener");
      }),
    );
    deadlines.add(waiting("two"));
    expect(() => vi.advanceTimersByTime(105)).toThrow("of a listener");
    vi.advanceTimersByTime(10);
    expect(ended).toEqual(["one", "two"]);
  });
});

describe("a timer", () => {
  it("ends one tick after the last wait", () => {
    const deadlines = new TimeoutList(1_000);
    const [one, two] = [waiting("one"), waiting("two")];
    deadlines.add(one);
    deadlines.add(two);
    expect(vi.getTimerCount()).toBe(1);
    cancelTimeout(one);
    vi.advanceTimersByTime(50);
    expect(vi.getTimerCount()).toBe(1);
    cancelTimeout(two);
    vi.advanceTimersByTime(50);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ticks four times a second for long waits", () => {
    const set = vi.spyOn(globalThis, "setTimeout");
    new TimeoutList(3_600_000).add(waiting("one"));
    expect(set).toHaveBeenCalledExactlyOnceWith(expect.any(Function), 250);
    set.mockRestore();
  });

  it("may be a number", () => {
    const callbacks: (() => void)[] = [];
    vi.stubGlobal("setTimeout", (callback: () => void) => callbacks.push(callback));
    const deadlines = new TimeoutList(100);
    const wait = waiting("one");
    deadlines.add(wait);
    cancelTimeout(wait);
    deadlines.add(wait);
    expect(callbacks).toHaveLength(1);
    vi.spyOn(performance, "now").mockReturnValueOnce(wait.due);
    callbacks[0]?.();
    vi.unstubAllGlobals();
    expect(ended).toEqual(["one"]);
  });

  const another = () => {
    vi.useRealTimers();
    vi.useFakeTimers();
  };

  it.each([
    ["the clock of one test", another],
    ["all timers", () => vi.clearAllTimers()],
  ])("that is lost with %s is set again by the next wait", (_name, lose) => {
    const deadlines = new TimeoutList(1000);
    deadlines.add(waiting("lost"));
    vi.advanceTimersByTime(10);
    lose();
    vi.advanceTimersByTime(200);
    expect(ended).toEqual([]);
    deadlines.add(waiting("later"));
    vi.advanceTimersByTime(1100);
    expect(ended).toContain("later");
  });

  it("of a fake clock does not stop real deadlines", async () => {
    const deadlines = new TimeoutList(20);
    deadlines.add(waiting("fake"));
    vi.advanceTimersByTime(3_600_000);
    deadlines.add(waiting("left behind"));
    vi.useRealTimers();
    await new Promise<void>((resolve) => deadlines.add(waiting("real", resolve)));
    expect(ended).toContain("real");
  });

  it.each([
    ["two ticks late is kept", 15, 1],
    ["later than two ticks is replaced", 15.1, 2],
  ])("%s", (_what, later, timers) => {
    const deadlines = new TimeoutList(100);
    const start = performance.now();
    deadlines.add(waiting("one"));
    vi.spyOn(performance, "now").mockReturnValue(start + later);
    deadlines.add(waiting("two"));
    expect(vi.getTimerCount()).toBe(timers);
  });

  it("that was replaced ticks once, and sets no other", () => {
    const deadlines = new TimeoutList(100);
    const start = performance.now();
    deadlines.add(waiting("one"));
    const late = vi.spyOn(performance, "now").mockReturnValue(start + 500);
    deadlines.add(waiting("two"));
    expect(vi.getTimerCount()).toBe(2);
    vi.advanceTimersByTime(5);
    expect(ended).toEqual(["one"]);
    expect(vi.getTimerCount()).toBe(1);
    late.mockReturnValue(start + 600);
    vi.advanceTimersByTime(5);
    late.mockRestore();
    expect(ended).toEqual(["one", "two"]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a clock with irregular ticks", () => {
  /** Runs one coarse tick at the given time of the clock. */
  function tickAt(time: number): void {
    const now = vi.spyOn(performance, "now").mockReturnValue(time);
    vi.advanceTimersByTime(5);
    now.mockRestore();
  }

  it("ends exactly the overdue waits after a stall", () => {
    const deadlines = new TimeoutList(100);
    const start = performance.now();
    deadlines.add(waiting("before the stall"));
    const during = vi.spyOn(performance, "now").mockReturnValue(start + 1990);
    deadlines.add(waiting("behind the stall"));
    during.mockRestore();
    tickAt(start + 2000);
    expect(ended).toEqual(["before the stall"]);
    tickAt(start + 2091);
    expect(ended).toEqual(["before the stall", "behind the stall"]);
  });

  it("holds nothing for ever where it goes back", () => {
    const deadlines = new TimeoutList(100);
    const start = vi.spyOn(performance, "now").mockReturnValue(3_600_000);
    deadlines.add(waiting("one"));
    start.mockRestore();
    tickAt(7);
    expect(ended).toEqual(["one"]);
  });

  it("ends nothing early when it goes back one length", () => {
    const deadlines = new TimeoutList(100);
    const start = vi.spyOn(performance, "now").mockReturnValue(3000);
    deadlines.add(waiting("one"));
    start.mockRestore();
    tickAt(2900);
    expect(ended).toEqual([]);
    tickAt(2899);
    expect(ended).toEqual(["one"]);
  });

  it("tells what is overdue before anything has ended it", () => {
    const deadlines = new TimeoutList(100);
    const wait = waiting("one");
    expect(isOverdue(wait)).toBe(false);
    deadlines.add(wait);
    expect(isOverdue(wait)).toBe(false);
    const later = vi.spyOn(performance, "now").mockReturnValue(wait.due);
    expect(isOverdue(wait)).toBe(true);
    cancelTimeout(wait);
    expect(isOverdue(wait)).toBe(false);
    later.mockRestore();
  });
});

describe("deadlinesOf", () => {
  it("are shared by length, up to a number of lengths", () => {
    expect(timeoutListOf(1234)).toBe(timeoutListOf(1234));
    expect(timeoutListOf(1234)).not.toBe(timeoutListOf(1235));
    for (let length = 20_000; length < 20_100; length++) timeoutListOf(length);
    const beyond = timeoutListOf(30_000);
    expect(timeoutListOf(30_000)).not.toBe(beyond);
    const wait = waiting("beyond");
    beyond.add(wait);
    vi.advanceTimersByTime(32_000);
    expect(ended).toEqual(["beyond"]);
  });
});

test("64 lengths are kept, and no more", async () => {
  // A copy of the module that no other test uses.
  const copy = "./deadline.js?copy";
  const { timeoutListOf: first } = (await import(copy)) as typeof import("./deadline.js");
  for (let length = 1; length <= 64; length++) expect(first(length)).toBe(first(length));
  expect(first(65)).not.toBe(first(65));
});

describe("a wait of its own", () => {
  it("ends after its time, unless it is ended before", () => {
    const [first, second] = [new Timeout(100, () => ended.push("first")), new Timeout(100, () => ended.push("second"))];
    second.cancel();
    vi.advanceTimersByTime(200);
    first.cancel();
    expect(ended).toEqual(["first"]);
  });
});
