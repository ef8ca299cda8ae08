import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Revalidated, RevalidationQueue } from "./revalidation-queue.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A connection that notes its place, and is asked until `answer` is called. */
class Asked implements Revalidated {
  hasFailed = false;
  answer = (_isFault: boolean) => {};

  constructor(
    readonly name: string,
    public isAwaited: boolean,
    readonly places: string[],
  ) {}

  revalidate(whenDone: (isFault: boolean) => void): void {
    this.places.push(this.name);
    this.answer = whenDone;
  }
}

/** A queue whose places connections have taken: "first", "first 1", ... */
function taken(concurrency = 1) {
  const places: string[] = [];
  const queue = new RevalidationQueue(concurrency);
  const make = (name: string, isAwaited = false, hasFailed = false) =>
    Object.assign(new Asked(name, isAwaited, places), { hasFailed });
  const firsts = Array.from({ length: concurrency }, (_, at) => make(at === 0 ? "first" : `first ${at}`));
  for (const one of firsts) queue.add(one);
  return { queue, places, make, firsts, first: firsts[0] as Asked };
}

/** Waits until a place is given on. */
async function given(): Promise<void> {
  await undefined;
  await undefined;
}

/** Gives the place on, so many times. */
async function answer(connections: readonly Asked[], times: number, places: readonly string[]): Promise<void> {
  for (let time = 0; time < times; time++) {
    connections.find(({ name }) => name === places.at(-1))?.answer(false);
    await given();
  }
}

test("a connection with a message goes first", async () => {
  const { queue, places, make, first } = taken();
  const all = [first, make("silent"), make("awaited", true)];
  for (const one of all.slice(1)) queue.add(one);
  await answer(all, 2, places);
  expect(places).toEqual(["first", "awaited", "silent"]);
});

test.each([false, true])("a silent connection has every fourth place (retries: %s)", async (hasFailed) => {
  const { queue, places, make, first } = taken();
  const awaited = Array.from({ length: 20 }, (_, at) => make(`awaited ${at}`, true, hasFailed));
  const silent = ["one", "two"].map((name) => make(name, false, hasFailed));
  for (const one of [...awaited, ...silent]) queue.add(one);
  await answer([first, ...awaited, ...silent], 12, places);
  const [one, two] = ["one", "two"].map((name) => places.indexOf(name)) as [number, number];
  expect(two - one).toBe(4);
  expect(one).toBeLessThan(5);
});

test.each([false, true])("a message brings its connection forward (retries: %s)", async (hasFailed) => {
  const { queue, places, make, first } = taken();
  const all = ["one", "two", "three"].map((name) => make(name, false, hasFailed));
  for (const one of all) queue.add(one);
  queue.hasten(all[2] as Asked);
  queue.hasten(make("nowhere", true, hasFailed));
  await answer([first, ...all], 3, places);
  expect(places.slice(0, 3)).toContain("three");
  expect(places).toHaveLength(4);
});

test("a connection that is removed has no place", async () => {
  const { queue, places, make, first } = taken();
  const all = [make("one"), make("other", true), make("retry", false, true)];
  for (const one of all) queue.add(one);
  expect(queue.size).toBe(3);
  for (const one of all) queue.remove(one);
  await answer([first, ...all], 2, places);
  expect([places, queue.size]).toEqual([["first"], 0]);
});

test("a connection that has no message any more waits once", async () => {
  const { queue, places, make, first } = taken();
  const one = make("one", true);
  queue.add(one);
  one.isAwaited = false;
  queue.add(one);
  expect(queue.size).toBe(1);
  await answer([first, one], 3, places);
  expect(places).toEqual(["first", "one"]);
});

test("an answer that comes twice frees one place", async () => {
  const { queue, places, make, first } = taken();
  for (const name of ["one", "two", "three"]) queue.add(make(name));
  first.answer(false);
  first.answer(true);
  await given();
  vi.advanceTimersByTime(1_000);
  expect(places).toEqual(["first", "one"]);
});

test("a connection that is added twice waits once", async () => {
  const { queue, places, make, first } = taken();
  const one = make("one");
  queue.add(one);
  one.hasFailed = true;
  queue.add(one);
  queue.add(one);
  expect(queue.size).toBe(1);
  await answer([first, one], 3, places);
  expect(places).toEqual(["first", "one"]);
});

test.each([
  [1, 1],
  [2, 1],
  [3, 1],
  [10, 5],
])("of %i places %i may be retries", async (concurrency, most) => {
  const { queue, places, make, firsts } = taken(concurrency);
  for (let at = 0; at < 20; at++) queue.add(make(`retry ${at}`, at % 2 === 0, true));
  for (const one of firsts) one.answer(false);
  await given();
  expect(places.slice(concurrency).filter((name) => name.startsWith("retry"))).toHaveLength(most);
  expect(places).toHaveLength(concurrency + most);
});

test("a retry that ends lets the next one begin", async () => {
  const { queue, places, make, firsts } = taken(2);
  const [one, two] = [make("one", false, true), make("two", false, true)];
  queue.add(one);
  queue.add(two);
  for (const first of firsts) first.answer(false);
  await given();
  expect(places.slice(2)).toEqual(["one"]);
  one.answer(false);
  await given();
  expect(places.slice(2)).toEqual(["one", "two"]);
});

test("a retry has every sixteenth place among others", async () => {
  const { queue, places, make, first } = taken();
  const others = Array.from({ length: 60 }, (_, at) => make(`other ${at}`, true));
  const retries = ["one", "two"].map((name) => make(name, true, true));
  for (const one of [...others, ...retries]) queue.add(one);
  await answer([first, ...others, ...retries], 40, places);
  const [one, two] = ["one", "two"].map((name) => places.indexOf(name)) as [number, number];
  expect(two - one).toBe(16);
  expect(one).toBeLessThan(17);
});

test.each([
  ["with a message go before silent ones", true, false, 20],
  ["without a message go behind silent ones", false, false, 1],
  ["with a message go behind others with one", true, true, 1],
])("retries %s", async (_what, isAwaited, areOthersAwaited, count) => {
  const { queue, places, make, firsts } = taken(40);
  for (let at = 0; at < 80; at++) queue.add(make(`other ${at}`, areOthersAwaited));
  for (let at = 0; at < 80; at++) queue.add(make(`retry ${at}`, isAwaited, true));
  for (const one of firsts) one.answer(false);
  await given();
  const begun = places.slice(40);
  expect([begun.length, begun.filter((name) => name.startsWith("retry")).length]).toEqual([40, count]);
});

test("hanging retries keep no other connection out", async () => {
  const { queue, places, make, firsts } = taken(4);
  for (let at = 0; at < 100; at++) queue.add(make(`retry ${at}`, true, true));
  for (const one of firsts) one.answer(false);
  await given();
  const others = Array.from({ length: 50 }, (_, at) => make(`other ${at}`));
  for (const one of others) queue.add(one);
  // The retries never answer.
  for (const one of others) {
    one.answer(false);
    await given();
  }
  expect(places.filter((name) => name.startsWith("other"))).toHaveLength(50);
});

test("a place rests for 100 ms after a fault", async () => {
  const { queue, places, make, first } = taken();
  queue.add(make("one"));
  first.answer(true);
  vi.advanceTimersByTime(99);
  await given();
  expect(places).toEqual(["first"]);
  vi.advanceTimersByTime(10);
  expect(places).toEqual(["first", "one"]);
});

test("a place does not rest after a fault that came late", async () => {
  const { queue, places, make, first } = taken();
  queue.add(make("one"));
  vi.advanceTimersByTime(100);
  first.answer(true);
  await given();
  expect(places).toEqual(["first", "one"]);
});

test("faults that come at once are bounded by the places", async () => {
  const { queue, places, make, firsts } = taken(2);
  const all = Array.from({ length: 1_000 }, (_, at) => make(`retry ${at}`, true, true));
  for (const one of all) queue.add(one);
  for (const one of firsts) one.answer(true);
  for (let time = 0; time < 1_000; time += 10) {
    vi.advanceTimersByTime(10);
    for (const one of all) one.answer(true);
    await given();
  }
  // One place of retries, ten times a second.
  expect(places.length - 2).toBeLessThanOrEqual(10);
  expect(places.length - 2).toBeGreaterThanOrEqual(7);
});

test("a connection that is asked again joins behind the others", async () => {
  const queue = new RevalidationQueue(1);
  const asked: string[] = [];
  const connection = (name: string, isAwaited: boolean) => ({
    isAwaited,
    hasFailed: false,
    revalidate(whenDone: (isFault: boolean) => void) {
      asked.push(name);
      queueMicrotask(() => {
        if (asked.length < 7) queue.add(this);
        whenDone(false);
      });
    },
  });
  queue.add(connection("idle", false));
  queue.add(connection("ann", true));
  queue.add(connection("bob", true));
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toEqual(["idle", "ann", "bob", "ann", "idle", "bob", "ann", "bob", "idle"]);
});
