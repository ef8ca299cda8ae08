import { mkdirSync, writeFileSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from "node:os";
import { parseArgs } from "node:util";

/** Options every part understands. `--save` writes the results; a quick run is too short to be kept. */
export const { quick, save } = parseArgs({
  options: { quick: { type: "boolean", default: false }, save: { type: "boolean", default: false } },
}).values;

/** What a reader must know of the machine; nothing that names it. */
export function machine() {
  const [cpu] = cpus();
  return {
    node: process.version,
    v8: process.versions.v8,
    platform: `${platform()} ${arch()}`,
    cpu: cpu?.model.trim() ?? "unknown",
    cpus: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    load: Number(loadavg()[0].toFixed(2)),
  };
}

/**
 * Prints a table: the first and the last column to the left, the others to the right.
 *
 * @param {string} title
 * @param {readonly (readonly string[])[]} rows The first is the head.
 */
export function printTable(title, rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const isText = (column) => column === 0 || column === widths.length - 1;
  const line = (row) =>
    widths.map((width, column) => (row[column] ?? "")[isText(column) ? "padEnd" : "padStart"](width)).join("  ");
  console.log(`\n${title}`);
  console.log(line(rows[0]));
  console.log(widths.map((width) => "-".repeat(width)).join("  "));
  for (const row of rows.slice(1)) console.log(line(row).trimEnd());
}

/** @param {number} value */
export function number(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

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
  const text = JSON.stringify({ machine: machine(), ...results }, rounded, 2);
  writeFileSync(new URL(`${part}.json`, folder), `${text}\n`);
  console.log(`\nkept in bench/results/${part}.json`);
}
