import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from "node:os";

/** Properties of the machine for readers, without anything that identifies it. */
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
