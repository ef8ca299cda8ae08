// @ts-check
// Puts servers under load, one part after the other.
//
//   npm run load                         at the root: builds first; about 80 minutes, 40 of them the soak
//   npm run load -- --only floods        one part
//   npm run load -- --quick              a few minutes; figures are rough
//   npm run load -- --minutes 60         how long the soak takes
//   npm run load -- --save               keeps the results in bench/results/load.json and soak.json

import { parseArgs } from "node:util";
import { machine, printTable } from "../../bench/lib/print.mjs";
import { keep } from "./lib/keep.mjs";
import { Workers } from "./lib/workers.mjs";
import { connections } from "./parts/connections.mjs";
import { floods } from "./parts/floods.mjs";
import { hangs } from "./parts/hangs.mjs";
import { memory } from "./parts/memory.mjs";
import { quiet } from "./parts/quiet.mjs";
import { slowReaders } from "./parts/slow-readers.mjs";
import { soak } from "./parts/soak.mjs";
import { storms } from "./parts/storms.mjs";

/** @type {Record<string, (context: import("./lib/figures.mjs").Context) => Promise<import("./lib/figures.mjs").Result>>} */
const PARTS = { connections, storms, hangs, "slow-readers": slowReaders, floods, memory, quiet, soak };
/** Minutes that a part may take. The soak may take its option `minutes` in addition. */
const LONGEST = 30;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
    minutes: { type: "string" },
  },
});
const { only, quick, save } = values;
const minutes = Number(values.minutes ?? (quick ? 1 : 40));
if (only !== undefined && !Object.hasOwn(PARTS, only)) {
  throw new Error(`there is no part "${only}": choose one of ${Object.keys(PARTS).join(", ")}`);
}
if (!(minutes > 0 && minutes <= 24 * 60)) throw new Error("--minutes must be a number above 0");

const { node, platform, cpu, cpus, load } = machine();
console.log(`Node ${node}, ${platform}, ${cpus} x ${cpu}, load ${load}`);
if (load > cpus / 2) console.log("The machine is busy with something else: take the figures with care.");

for (const [name, part] of Object.entries(PARTS)) {
  if (only !== undefined && name !== only) continue;
  console.log(`\n== ${name} ==`);
  const workers = new Workers();
  const longest = LONGEST + (name === "soak" ? minutes : 0);
  const limit = setTimeout(() => {
    workers.stop();
    throw new Error(`${name} has not ended after ${longest} minutes`);
  }, longest * 60_000);
  try {
    const result = await part({ quick, minutes, workers, say: (line) => console.log(line) });
    printTable("Figures", [["", ""], ...result.figures.map(({ what, value }) => [what, value])]);
    for (const failure of result.failures) console.error(`FAILED: ${failure}`);
    if (result.failures.length > 0) process.exitCode = 1;
    else if (save && !quick) keep(name, result);
  } finally {
    clearTimeout(limit);
    workers.stop();
  }
}
