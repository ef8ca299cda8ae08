import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { takeControl } from "./control.js";
import { Counters, runs } from "./counters.js";
import { simulate } from "./ending.js";
import { DrawnOrder, turns } from "./order.js";
import { paces, setups } from "./plans.js";

let giveBack = () => {};
beforeAll(() => {
  giveBack = takeControl();
});
afterAll(() => giveBack());

test("one connection of the core, whatever happens in whatever order", { timeout: 0 }, async () => {
  const counters = new Counters();
  const simulating = fc.asyncProperty(setups, fc.scheduler(), paces, async (setup, scheduler, drawn) => {
    const order = new DrawnOrder(scheduler, drawn, turns);
    const broken = await simulate(setup, order);
    counters.count(order.taken);
    expect([broken, order.taken]).toEqual([[], order.taken]);
  });
  await fc.assert(simulating, { numRuns: runs(3000) });
  counters.report("drawn orders in the core: one connection, up to five messages and five events");
});
