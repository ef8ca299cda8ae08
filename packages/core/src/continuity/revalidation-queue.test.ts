import { expect, test } from "vitest";
import { type Revalidated, RevalidationQueue } from "./revalidation-queue.js";

/** A connection that notes its turn, and is asked until `answer` is called. */
class Asked implements Revalidated {
  answer = () => {};

  constructor(
    readonly name: string,
    readonly isAwaited: boolean,
    readonly turns: string[],
  ) {}

  revalidate(whenDone: () => void): void {
    this.turns.push(this.name);
    this.answer = whenDone;
  }
}

/** A queue with one place, which a connection has taken. */
function taken() {
  const turns: string[] = [];
  const queue = new RevalidationQueue(1);
  const make = (name: string, isAwaited: boolean) => new Asked(name, isAwaited, turns);
  const first = make("first", false);
  queue.add(first);
  return { queue, turns, make, first };
}

/** Gives the place on, so many times. */
async function answer(connections: readonly Asked[], times: number, turns: readonly string[]): Promise<void> {
  for (let time = 0; time < times; time++) {
    connections.find(({ name }) => name === turns.at(-1))?.answer();
    await undefined;
    await undefined;
  }
}

test("a connection with a message goes first", async () => {
  const { queue, turns, make, first } = taken();
  const all = [first, make("silent", false), make("awaited", true)];
  for (const one of all.slice(1)) queue.add(one);
  await answer(all, 2, turns);
  expect(turns).toEqual(["first", "awaited", "silent"]);
});

test("a silent connection has every fourth place", async () => {
  const { queue, turns, make, first } = taken();
  const awaited = Array.from({ length: 20 }, (_, at) => make(`awaited ${at}`, true));
  const silent = ["one", "two"].map((name) => make(name, false));
  for (const one of [...awaited, ...silent]) queue.add(one);
  await answer([first, ...awaited, ...silent], 12, turns);
  const places = ["one", "two"].map((name) => turns.indexOf(name));
  expect((places[1] as number) - (places[0] as number)).toBe(4);
  expect(places[0]).toBeLessThan(5);
});

test("a connection that is removed has no turn", async () => {
  const { queue, turns, make, first } = taken();
  const [one, other] = [make("one", false), make("other", true)];
  queue.add(one);
  queue.add(other);
  expect(queue.size).toBe(2);
  queue.remove(one);
  queue.remove(other);
  await answer([first, one, other], 2, turns);
  expect([turns, queue.size]).toEqual([["first"], 0]);
});

test("an answer that comes twice frees one place", async () => {
  const { queue, turns, make, first } = taken();
  const others = ["one", "two", "three"].map((name) => make(name, false));
  for (const one of others) queue.add(one);
  first.answer();
  first.answer();
  await undefined;
  await undefined;
  expect(turns).toEqual(["first", "one"]);
});
