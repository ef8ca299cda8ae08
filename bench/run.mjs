// Runs all parts, one after the other, each in a process of its own.
//
//   npm run bench                       at the root: builds first
//   npm run bench -- --quick            under a minute; figures are rough
//   npm run bench -- --save             keeps the results in bench/results
//   npm run bench -- --compare main     compares decisions with those of another revision instead

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { compareWith } from "./compare/index.mjs";
import { compare, machine, quick } from "./lib/report.mjs";

/** File, and what Node must be started with. */
const PARTS = {
  decide: ["decide/index.mjs", "--expose-gc", "--min-semi-space-size=16"],
  bridge: ["bridge/index.mjs", "--expose-gc"],
  types: ["types/measure.mjs"],
  memory: ["memory/index.mjs"],
  "end-to-end": ["end-to-end/index.mjs"],
};

const args = process.argv.slice(2);
const { node, platform, cpu, cpus, load } = machine();
console.log(`Node ${node}, ${platform}, ${cpus} x ${cpu}, load ${load}`);
if (load > cpus / 2) console.log("The machine is busy with something else: take the figures with care.");

if (compare !== undefined) compareWith(compare, quick);
for (const [part, [file, ...flags]] of compare === undefined ? Object.entries(PARTS) : []) {
  // It has no short form.
  if (part === "types" && quick) continue;
  console.log(`\n== ${part} ==`);
  const own = part === "types" ? [] : args;
  const { status, error } = spawnSync(
    process.execPath,
    [...flags, fileURLToPath(new URL(file, import.meta.url)), ...own],
    {
      stdio: "inherit",
    },
  );
  if (error) throw error;
  if (status !== 0) {
    console.error(`${part} has failed`);
    process.exitCode = 1;
  }
}
