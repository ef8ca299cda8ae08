// Compares this checkout with another revision: both in turn in one run, so that a change of 3 % shows.
//
//   npm run bench -- --compare <revision> [--quick]       at the root

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { quantile, shuffled, summary } from "../lib/measure.mjs";
import { number, printTable } from "../lib/print.mjs";
import { buildRevision, ROOT } from "./revision.mjs";

const ROWS = ["class rules", "function rules", "fifty trees", "async rules", "bridge, no-op"];
const CHILD = fileURLToPath(new URL("child.mjs", import.meta.url));

function measure(dir, row, milliseconds) {
  const args = ["--min-semi-space-size=16", CHILD, dir, row, String(milliseconds)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
}

/**
 * Prints the processor time of both revisions, and the ratio of each round.
 *
 * @param {string} revision As git reads it.
 * @param {boolean} isQuick True for rough figures.
 */
export function compareWith(revision, isQuick) {
  const { dir, name } = buildRevision(revision);
  const [rounds, milliseconds] = isQuick ? [5, 150] : [15, 400];
  const rows = ROWS.map((row) => {
    const times = { [dir]: [], [ROOT]: [] };
    for (let round = 0; round < rounds; round++) {
      for (const one of shuffled([dir, ROOT])) times[one].push(measure(one, row, milliseconds));
    }
    const ratio = summary(times[ROOT].map((time, round) => time / times[dir][round]));
    const median = (one) => number(quantile(times[one], 0.5));
    return [
      row,
      median(dir),
      median(ROOT),
      `${number(ratio.median)}x`,
      `${number(ratio.low)}-${number(ratio.high)}`,
      "",
    ];
  });
  const head = ["", `${name}, ns`, "here, ns", "times", "10-90 %", ""];
  printTable(`Processor time per decision, ${name} and this checkout in turn`, [head, ...rows]);
}
