import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { machine, number, printTable } from "./print.mjs";
import { commit } from "./provenance.mjs";

export { machine, number, printTable };

/** Options every part understands. `--save` writes the results; a quick run is too short to be kept. */
export const { quick, save, compare } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
    compare: { type: "string" },
  },
}).values;

/** @param {{ median: number, low: number, high: number }} of */
export function spread({ low, high }) {
  return `${number(low)}-${number(high)}`;
}

/**
 * Says whether a figure is within its target.
 *
 * @param {string} what
 * @param {number} value
 * @param {number} target
 * @param {"at most" | "at least"} sense
 */
export function judge(what, value, target, sense = "at most") {
  const isMet = sense === "at most" ? value <= target : value >= target;
  return { what, value: Number(value.toPrecision(3)), target, sense, isMet };
}

/** @param {ReturnType<typeof judge>[]} judged */
export function printTargets(judged) {
  const rows = judged.map(({ what, value, target, sense, isMet }) => [
    what,
    number(value),
    `${sense} ${target}`,
    isMet ? "met" : "MISSED",
  ]);
  printTable("Targets", [["", "measured", "target", ""], ...rows]);
}

/** Keeps the results of a full run in `results/`, where `--save` asks for it. */
export function keep(part, results) {
  if (!save || quick) return;
  const folder = new URL("../results/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  const rounded = (_key, value) => (typeof value === "number" ? Number(value.toPrecision(4)) : value);
  const text = JSON.stringify({ machine: machine(), commit, ...results }, rounded, 2);
  writeFileSync(new URL(`${part}.json`, folder), `${text}\n`);
  console.log(`\nkept in bench/results/${part}.json`);
}
