// @ts-check
import { PLANTED_IN_LOG } from "./planted-rules.mjs";
import { play } from "./simulated/play.mjs";
import { productOf } from "./simulated/product.mjs";

/** Runs after which a rule counts as not found. */
const RUNS = 1_000;

/**
 * Takes each rule of the log out of the sources, and plays runs until one shows it.
 *
 * @param {string} wanted part of a rule's text
 * @param {(planted: import("./planted-rules.mjs").PlantedInLog) => string[]} plant expects that a test shows it
 */
export async function plantInLog(wanted, plant) {
  /** @type {string[][]} */
  const rows = [];
  for (const planted of PLANTED_IN_LOG.filter(({ rule }) => rule.includes(wanted))) {
    rows.push(planted.test === undefined ? await simulate(planted) : plant(planted));
    console.log(rows.at(-1)?.join("  "));
  }
  return rows;
}

/** @param {import("./planted-rules.mjs").PlantedInLog} planted */
async function simulate({ section, rule, ...patch }) {
  const start = performance.now();
  const [result = "NOT FOUND", by = "", because = ""] = await firstOf(patch);
  return [String(section), rule, result, by, because, ((performance.now() - start) / 1_000).toFixed(0)];
}

/** @param {import("./simulated/product.mjs").Patch} patch */
async function firstOf(patch) {
  const load = await productOf(patch);
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const { violations } = await play(seed, load);
    if (violations[0] !== undefined) return ["found", `simulated run ${seed}`, violations[0]];
  }
  return [];
}
