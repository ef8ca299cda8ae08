// @ts-check
// Reads what Stryker has found: the scores by package and of the decision path, and whether each survivor is explained.
// Ends with 1 where a score is under its limit or a survivor is not explained in README.md.
// With --save it writes bench/results/mutation.json, where what was kept of packages that were not run stays.

import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { commit } from "../../bench/lib/provenance.mjs";
import { LIMITS } from "./parts.mjs";
import { explained, keyOf } from "./survivors.mjs";

const { values: options } = parseArgs({ options: { save: { type: "boolean", default: false } } });

/**
 * @typedef {{ mutatorName: string, replacement?: string, status: string, location: import("./survivors.mjs").Location }} Mutant
 * @typedef {{ file: string, mutant: Mutant, source: string }} Found
 */

const COUNTED = ["Killed", "Timeout", "Survived", "NoCoverage"];
const FOLDER = ".stryker/reports";
const KEPT = "bench/results/mutation.json";

/** @returns {Found[]} Every mutant that counts, of all runs; what does not load is none. */
function foundInAll() {
  /** @type {Record<string, Found[]>} */
  const byFile = {};
  const age = (/** @type {string} */ name) => statSync(join(FOLDER, name)).mtimeMs;
  // The newest run of a file is the one that counts.
  for (const name of readdirSync(FOLDER).sort((one, other) => age(one) - age(other))) {
    const { files } = JSON.parse(readFileSync(join(FOLDER, name), "utf8"));
    for (const [file, { source, mutants }] of Object.entries(files)) {
      byFile[file] = mutants
        .filter((/** @type {Mutant} */ { status }) => COUNTED.includes(status))
        .map((/** @type {Mutant} */ mutant) => ({ file, mutant, source }));
    }
  }
  return Object.values(byFile).flat();
}

const date = new Date().toISOString().slice(0, 10);
const isKilled = (/** @type {Found} */ { mutant }) => mutant.status === "Killed" || mutant.status === "Timeout";

const all = foundInAll();
const known = explained();
const nameOf = (/** @type {Found} */ { file, mutant, source }) => keyOf(file, source, mutant);
const isUnexplained = (/** @type {Found} */ one) => !known.has(nameOf(one));
let isGood = true;

/** @param {string} message */
function complain(message) {
  isGood = false;
  console.error(message);
}

const results = LIMITS.flatMap(({ name, selects, least }) => {
  const found = all.filter(({ file }) => selects.test(file));
  if (found.length === 0) return [];
  const killed = found.filter(isKilled);
  const survivors = found.filter((one) => !isKilled(one));
  const unexplained = survivors.filter(isUnexplained);
  const percent = (100 * killed.length) / found.length;
  if (percent < least) complain(`${name}: ${percent.toFixed(2)} % killed, under ${least} %`);
  return [
    {
      name,
      mutants: found.length,
      killed: killed.length,
      explained: survivors.length - unexplained.length,
      survived: unexplained.length,
      percent: Number(percent.toFixed(2)),
      date,
      commit,
    },
  ];
});
for (const one of all) if (!isKilled(one) && isUnexplained(one)) complain(`not explained: ${nameOf(one)}`);
console.table(results);

if (options.save) {
  /** @type {typeof results} */
  const before = existsSync(KEPT) ? JSON.parse(readFileSync(KEPT, "utf8")).results : [];
  const named = (/** @type {string} */ name) => (/** @type {{ name: string }} */ one) => one.name === name;
  const kept = LIMITS.flatMap(({ name }) => results.find(named(name)) ?? before.find(named(name)) ?? []);
  const report = {
    command: "npm run mutate, once with PART=<package> for each, then node stress/mutation/report.mjs --save",
    machine: { cpu: cpus()[0]?.model, cpus: cpus().length },
    node: process.version,
    date,
    figures: kept.map(({ name, mutants, killed, explained, percent }) => ({
      what: `Mutants of ${name} that the tests notice`,
      value: `${killed} of ${mutants} (${percent} %); of the others ${explained} are shown to change nothing`,
    })),
    results: kept,
  };
  writeFileSync(KEPT, `${JSON.stringify(report, null, 2)}\n`);
}
process.exitCode = isGood ? 0 : 1;
