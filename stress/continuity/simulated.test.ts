import { expect, test } from "vitest";
import { play } from "./simulated/play.mjs";
import { productOf } from "./simulated/product.mjs";

const RUNS = 150;

test("a ban holds in every simulated run", { timeout: 300_000 }, async () => {
  const load = await productOf();
  let handed = 0;
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const run = await play(seed, load);
    expect(run.violations, `seed ${seed}`).toEqual([]);
    handed += run.handed;
  }
  expect(handed).toBeGreaterThan(100 * RUNS);
});

test("a simulated run repeats itself", { timeout: 60_000 }, async () => {
  const load = await productOf();
  expect(await play(7, load)).toEqual(await play(7, load));
});

test("simulated runs find a record that acts late", { timeout: 60_000 }, async () => {
  const load = await productOf({
    file: "core/src/continuity/follower.ts",
    from: "const POLL = 250;",
    to: "const POLL = 2_500;",
  });
  const runs = [];
  for (let seed = 1; seed <= 5; seed += 1) runs.push(await play(seed, load));
  expect(runs.flatMap(({ violations }) => violations)).not.toEqual([]);
});
