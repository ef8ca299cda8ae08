// @ts-check
// Bans users on three guarded processes, on simulated time and on a simulated log that fails. A seed repeats its run.
//
//   node stress/continuity/simulated.mjs                   10,000 runs on all processors
//   node stress/continuity/simulated.mjs --runs 500        fewer
//   node stress/continuity/simulated.mjs --first 56 --runs 1    one run again
//   node stress/continuity/simulated.mjs --save            keeps the figures in bench/results

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { provenance } from "../../bench/lib/provenance.mjs";
import { keep } from "./lib/keep.mjs";
import { addKinds, count, faultsInWords, milliseconds } from "./lib/sums.mjs";

const { runs, first, save } = parseArgs({
  options: {
    runs: { type: "string", default: "10000" },
    first: { type: "string", default: "1" },
    save: { type: "boolean", default: false },
  },
}).values;
const last = Number(first) + Number(runs) - 1;

/** What the runs on one engine have shown together. */
const NOTHING = { runs: 0, faults: {}, messages: 0, worst: 0, violations: 0 };
/** @type {Map<string, typeof NOTHING>} */
const sums = new Map();
const about = provenance();
const startedAt = performance.now();

/** @param {{ seed: number } & Awaited<ReturnType<typeof import("./simulated/play.mjs").play>>} run */
function take({ seed, engine, violations, faults, handed, worst }) {
  const before = sums.get(engine) ?? NOTHING;
  sums.set(engine, {
    runs: before.runs + 1,
    faults: addKinds([before.faults, faults]),
    messages: before.messages + handed,
    worst: Math.max(before.worst, worst),
    violations: before.violations + violations.length,
  });
  for (const violation of violations.slice(0, 3)) console.log(`seed ${seed}: ${violation}`);
}

const step = Math.min(availableParallelism(), Number(runs));
await Promise.all(
  Array.from({ length: step }, (_, at) => {
    const workerData = { first: Number(first) + at, last, step };
    const worker = new Worker(new URL("simulated/worker.mjs", import.meta.url), { workerData });
    worker.on("message", take);
    return new Promise((resolve, reject) => worker.once("error", reject).once("exit", resolve));
  }),
);
const all = [...sums.values()];
const done = all.reduce((sum, one) => sum + one.runs, 0);
const violations = all.reduce((sum, one) => sum + one.violations, 0);
const figures = [...sums].sort().map(([engine, { runs, faults, messages, worst, violations }]) => ({
  what: `Three simulated processes on ${engine}`,
  value: [
    `${count(violations)} violations`,
    `${count(runs)} runs`,
    `${count(messages)} messages delivered, the last one ${milliseconds(worst)} after a ban`,
    faultsInWords(faults),
  ].join("; "),
}));
for (const { what, value } of figures) console.log(`${what}: ${value}`);
console.log(`${done} runs in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
console.log(`${violations} violations`);
if (violations > 0 || done !== Number(runs) || all.some(({ messages }) => messages === 0)) process.exitCode = 1;
if (save) {
  keep("simulated", about, {
    command: `node stress/continuity/simulated.mjs ${process.argv.slice(2).join(" ")}`,
    figures,
    seeds: [Number(first), last],
    sums: Object.fromEntries(sums),
  });
}
