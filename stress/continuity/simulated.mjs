// @ts-check
// Bans users on three guarded processes, on simulated time and on a simulated log that fails. A seed repeats its run.
//
//   node stress/continuity/simulated.mjs                   10,000 runs on all processors
//   node stress/continuity/simulated.mjs --runs 500        fewer
//   node stress/continuity/simulated.mjs --first 56 --runs 1    one run again

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";

const { runs, first } = parseArgs({
  options: { runs: { type: "string", default: "10000" }, first: { type: "string", default: "1" } },
}).values;

const total = { runs: 0, faults: 0, handed: 0, worst: 0, violations: 0 };
const startedAt = performance.now();

/** @param {{ seed: number, violations: string[], faults: number, handed: number, worst: number }} run */
function take({ seed, violations, faults, handed, worst }) {
  total.runs += 1;
  total.faults += faults;
  total.handed += handed;
  total.worst = Math.max(total.worst, worst);
  total.violations += violations.length;
  for (const violation of violations.slice(0, 3)) console.log(`seed ${seed}: ${violation}`);
}

const step = Math.min(availableParallelism(), Number(runs));
await Promise.all(
  Array.from({ length: step }, (_, at) => {
    const workerData = { first: Number(first) + at, last: Number(first) + Number(runs) - 1, step };
    const worker = new Worker(new URL("simulated/worker.mjs", import.meta.url), { workerData });
    worker.on("message", take);
    return new Promise((resolve, reject) => worker.once("error", reject).once("exit", resolve));
  }),
);
const seconds = (performance.now() - startedAt) / 1_000;
console.log(
  `${total.runs} runs in ${seconds.toFixed(0)} s: ${total.faults} faults, ${total.handed} messages handed on, ` +
    `the last one ${total.worst.toFixed(0)} ms after a ban`,
);
console.log(`${total.violations} violations`);
if (total.violations > 0 || total.runs !== Number(runs) || total.handed === 0) process.exitCode = 1;
