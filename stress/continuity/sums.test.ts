import { expect, test } from "vitest";
import { figureOf, figureOfAll, sumUp } from "./lib/sums.mjs";

const run = { engine: "redis", seed: 3, faults: { crash: 1, stall: 2 }, handed: 1_000, violations: [] };

test("runs are summed up with the worst of each", () => {
  const runs = [
    { ...run, lags: [30, 10], worst: 1_700 },
    { ...run, seed: 4, faults: { crash: 1 }, lags: [20], worst: 900, violations: ["one", "two"] },
  ];
  const sum = sumUp("redis", runs);
  expect(sum).toEqual({
    engine: "redis",
    seeds: [3, 4],
    runs: 2,
    faults: { crash: 2, stall: 2 },
    messages: 2_000,
    revocations: 3,
    lag: { p50: 20, p99: 20, worst: 30 },
    worst: 1_700,
    violations: 2,
  });
  expect(figureOfAll([sum, sum]).value).toBe("4 violations; 4 runs; 4,000 messages delivered; 6 revocations; 8 faults");
  expect(figureOf(sum, "two runs")).toEqual({
    what: "two runs",
    value:
      "2 violations; 2 runs; 2,000 messages delivered; 3 revocations; from one to the last message p50 20 ms, p99 20 ms, worst 30 ms; from any ban, announced or not, at most 1700 ms; 4 faults (crash 2, stall 2)",
  });
});
