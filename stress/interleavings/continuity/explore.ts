import fc from "fast-check";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { takeControl } from "../control.js";
import { Counters, isLong, runs } from "../counters.js";
import { DrawnOrder, everyOrder } from "../order.js";
import { paces } from "../plans.js";
import { takeClock } from "./clock.js";
import { setups } from "./plans.js";
import { play } from "./play.js";
import type { SmallSet } from "./sets.js";
import type { Staging } from "./stage.js";
import { reached } from "./world.js";

/** True while a rule is taken out of the sources, and only has to be missed. */
const isPlanted = process.env.PORTCULLIS_PLANTED !== undefined;

/** Puts clocks and chance under control for the tests of a file. */
export function controlTime(): void {
  const { random } = Math;
  let giveBack = () => {};
  beforeAll(() => {
    giveBack = takeControl();
    vi.setSystemTime(Date.UTC(2026, 0, 1));
    takeClock();
    // Times are spread at random, and the same way must lead to the same place.
    Math.random = () => 0.5;
  });
  afterAll(() => {
    Math.random = random;
    giveBack();
  });
}

/** The short form draws the same orders each time. One order is drawn again by its seed and path. */
function start(): { seed?: number; path?: string } {
  const [seed, path] = process.env.PORTCULLIS_INTERLEAVINGS_AGAIN?.split(",") ?? [];
  if (path !== undefined) return { seed: Number(seed), path };
  return isLong ? {} : { seed: 20_261_129 };
}

/**
 * Plays connections in orders that are drawn.
 *
 * @param label The name of the orders in reports.
 * @param numRuns The number of orders.
 */
export async function explore(label: string, staging: Staging, numRuns: number): Promise<void> {
  const counters = new Counters();
  const before = { ...reached };
  await fc.assert(
    fc.asyncProperty(setups, paces, fc.scheduler(), async (setup, pace, scheduler) => {
      const order = new DrawnOrder(scheduler, pace, staging.pass);
      const broken = await play(setup, order, staging);
      counters.count([JSON.stringify(setup), ...order.taken]);
      if (broken.length > 0) expect([broken, order.taken]).toEqual([[], []]);
    }),
    { numRuns, endOnFailure: isPlanted, ...start() },
  );
  for (const key of ["delivered", "refused", "replied", "closed"] as const)
    expect(reached[key] - before[key], key).toBeGreaterThan(20);
  counters.report(label);
}

/**
 * Plays connections in every order that their steps can come in.
 *
 * @param label The name of the orders in reports.
 */
export async function exploreAll(
  label: string,
  staging: Staging,
  { setups: all, gaps }: Pick<SmallSet, "setups" | "gaps">,
): Promise<void> {
  const counters = new Counters();
  for (const setup of all) {
    for (const one of gaps) {
      await everyOrder(
        one,
        async (order) => {
          const broken = await play(setup, order, staging);
          counters.count([JSON.stringify(setup), ...order.taken]);
          if (broken.length > 0) expect([broken, order.taken]).toEqual([[], []]);
        },
        staging.pass,
      );
    }
  }
  counters.report(label);
}

export { runs };
