// @ts-check
// Bans users on three guarded processes, while the log of revocations and everything around it fails:
//
//   npm run continuity                         at the root: builds first; 20 seconds for each engine
//   npm run continuity -- --minutes 30         longer
//   npm run continuity -- --only postgres      one engine
//   npm run continuity -- --seed 7             other faults
//   npm run continuity -- --runs 200           as many runs of 10 seconds, each with its own seed, the engines in turn
//   npm run continuity -- --lanes 3            so many runs at once; otherwise 1, and 2 with --runs
//   npm run continuity -- --save               keeps the figures in bench/results
//   BROKEN=revalidation npm run continuity     shows that the run can fail

import { fork } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { provenance } from "../../bench/lib/provenance.mjs";
import { ENGINES } from "./lib/engines.mjs";
import { keep } from "./lib/keep.mjs";
import { figureOf, figureOfAll, milliseconds as inMilliseconds, shareOf, sumOf, sumUp } from "./lib/sums.mjs";

/** @typedef {import("./lib/sums.mjs").RunResult & { settled: { durable: number, not: number } }} RunResult */

const PROGRAM = new URL("lib/one-run.mjs", import.meta.url);
/** Milliseconds of one of many runs. */
const SHORT = 10_000;

const { only, minutes, seed, runs, lanes, save } = parseArgs({
  options: {
    only: { type: "string" },
    minutes: { type: "string", ...(process.env.CONTINUITY_MINUTES && { default: process.env.CONTINUITY_MINUTES }) },
    seed: { type: "string", default: "1" },
    runs: { type: "string" },
    lanes: { type: "string" },
    save: { type: "boolean", default: false },
  },
}).values;

// The servers and the processes of a run end with it, and it ends with this process.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

const about = provenance();
const startedAt = performance.now();
const engines = Object.keys(ENGINES).filter((name) => only === undefined || name === only);
if (engines.length === 0) throw new Error(`there is no engine ${only}`);
const milliseconds = minutes === undefined ? (runs === undefined ? 20_000 : SHORT) : Number(minutes) * 60_000;
const asked = Array.from({ length: Number(runs ?? engines.length) }, (_, at) => ({
  engine: /** @type {string} */ (engines[at % engines.length]),
  seed: Number(seed) + (runs === undefined ? 0 : at),
}));

/** @type {RunResult[]} */
const results = [];
const open = [...asked];
await Promise.all(
  Array.from({ length: Number(lanes ?? (runs === undefined ? 1 : 2)) }, async () => {
    for (let next = open.shift(); next !== undefined; next = open.shift()) await play(next);
  }),
);
if (results.length !== asked.length) process.exitCode = 1;
const sums = engines.map((engine) => {
  const ofEngine = results.filter((result) => result.engine === engine);
  return ofEngine.length === 0 ? undefined : sumUp(engine, ofEngine);
});
const found = sums.filter((sum) => sum !== undefined);
if (runs !== undefined) {
  for (const sum of found) console.log(`${sum.engine}: ${figureOf(sum, "").value}`);
  console.log(`all: ${figureOfAll(found).value}`);
}
console.log(`${results.length} of ${asked.length} runs in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
if (save) keepAll();
process.exit();

/** @param {{ engine: string, seed: number }} next */
async function play(next) {
  const child = fork(PROGRAM, [next.engine, String(next.seed), String(milliseconds)]);
  const exited = once(child, "exit");
  const [result] = await Promise.race([once(child, "message"), exited.then(() => [])]);
  await exited;
  if (result === undefined) return console.log(`${next.engine}, seed ${next.seed}: the run itself has failed`);
  results.push(result);
  print(result);
}

/** @param {RunResult} result */
function print({ engine, seed, faults, settled, handed, lags, worst, violations }) {
  const [p50, p99, longest] = [0.5, 0.99, 1].map((share) => inMilliseconds(shareOf(lags, share)));
  console.log(
    `${engine}, seed ${seed}: ${handed} messages delivered, ${lags.length} revocations, ${sumOf(faults)} faults`,
  );
  console.log(`  appended ${settled.durable} at once, ${settled.not} later`);
  console.log(`  from the ban to the last message delivered: p50 ${p50}, p99 ${p99}, worst ${longest}`);
  console.log(`  of all bans, announced or not: worst ${inMilliseconds(worst)}`);
  console.log(`  ${violations.length} violations`);
  for (const violation of violations.slice(0, 10)) console.log(`    ${violation}`);
  if (violations.length > 0 || handed === 0 || lags.length === 0) process.exitCode = 1;
}

/** Keeps the sums, also where something was violated. */
function keepAll() {
  const seconds = milliseconds / 1_000;
  const each = `${seconds < 120 ? `${seconds} seconds` : `${seconds / 60} minutes`}${runs === undefined ? "" : " each"}`;
  const flags = process.argv.slice(2).join(" ");
  keep(runs === undefined ? "processes" : "many-runs", about, {
    command: `npm run continuity -- ${flags}`,
    figures: [
      ...(runs === undefined ? [] : [figureOfAll(found)]),
      ...found.map((sum) => figureOf(sum, `Three processes (ws, ws, socket.io) on ${sum.engine}, ${each}`)),
    ],
    milliseconds,
    failed: asked.length - results.length,
    sums: found,
  });
}
