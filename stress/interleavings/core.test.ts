import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { takeControl } from "./control.js";
import { rehearse } from "./ending.js";
import { DrawnOrder, turns } from "./order.js";
import { paces, setups } from "./plans.js";
import { runs, Tally } from "./tally.js";

let giveBack = () => {};
beforeAll(() => {
  giveBack = takeControl();
});
afterAll(() => giveBack());

test("one connection of the core, whatever happens in whatever order", { timeout: 0 }, async () => {
  const tally = new Tally();
  const rehearsing = fc.asyncProperty(setups, fc.scheduler(), paces, async (setup, scheduler, drawn) => {
    const order = new DrawnOrder(scheduler, drawn, turns);
    const broken = await rehearse(setup, order);
    tally.count(order.taken);
    expect([broken, order.taken]).toEqual([[], order.taken]);
  });
  await fc.assert(rehearsing, { numRuns: runs(3000) });
  tally.report("drawn orders in the core: one connection, up to five messages and five events");
});
