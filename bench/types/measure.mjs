// Measures how long the compiler takes to check rules, against the built declarations: what a user's editor does.
//
//   npm run types --prefix bench [-- <folder of another typescript>]
//
// Cases take turns, and each check is a compiler that has just started, its own code not yet optimised. "Seconds" are
// processor time of the check alone, without parsing, so that what else the machine does counts little; the budget is
// held against the fastest round. "Instantiations" count the same work, and are the same on every machine.

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { SOURCES } from "./sources.mjs";

const ROUNDS = 7;
const BUDGET = { name: "and() of 50, each with its own guarantee", seconds: 0.5 };

const here = dirname(fileURLToPath(import.meta.url));
const compiler = process.argv[2]
  ? resolve(process.argv[2])
  : dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
const core = join(here, "../../packages/core");
if (!existsSync(join(core, "dist/index.d.ts"))) {
  console.error("@portcullis/core is not built: run `npm run build` first");
  process.exit(1);
}

const OPTIONS = {
  target: "es2022",
  lib: ["es2022", "dom"],
  types: [],
  module: "nodenext",
  moduleResolution: "nodenext",
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  noEmit: true,
};

/** One folder for each case, beside a copy of the package as it is published. */
function write(folder) {
  const installed = join(folder, "node_modules/@portcullis/core");
  for (const part of ["package.json", "dist"]) cpSync(join(core, part), join(installed, part), { recursive: true });
  return Object.entries(SOURCES).map(([name, source], index) => {
    const place = join(folder, String(index));
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "package.json"), '{ "type": "module" }');
    writeFileSync(join(place, "tsconfig.json"), JSON.stringify({ compilerOptions: OPTIONS, files: ["rules.ts"] }));
    writeFileSync(join(place, "rules.ts"), source);
    return { name, place, seconds: [], instantiations: 0 };
  });
}

function check(one) {
  const said = execFileSync(process.execPath, [join(here, "check.mjs"), compiler, one.place], { encoding: "utf8" });
  const { seconds, instantiations } = JSON.parse(said);
  one.seconds.push(seconds);
  one.instantiations = instantiations;
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const show = (seconds) => seconds.toFixed(2).padStart(5);

const folder = mkdtempSync(join(tmpdir(), "portcullis-types-"));
try {
  const cases = write(folder);
  for (let round = 0; round < ROUNDS; round++) for (const one of cases) check(one);
  const [empty] = cases;
  const { version } = JSON.parse(readFileSync(join(compiler, "package.json"), "utf8"));
  console.log(`TypeScript ${version}, Node ${process.versions.node}, ${ROUNDS} rounds in turn; seconds to check\n`);
  console.log("median   min   max  over empty  instantiations  case");
  for (const { name, seconds, instantiations } of cases) {
    const over = Math.min(...seconds) - Math.min(...empty.seconds);
    console.log(
      `${show(median(seconds)).padStart(6)} ${show(Math.min(...seconds))} ${show(Math.max(...seconds))} ${show(over).padStart(11)} ${String(instantiations).padStart(15)}  ${name}`,
    );
  }
  const budgeted = cases.find(({ name }) => name === BUDGET.name);
  const over = Math.min(...budgeted.seconds) - Math.min(...empty.seconds);
  const isWithin = over <= BUDGET.seconds;
  console.log(
    `\n${isWithin ? "within" : "OVER"} the budget: ${BUDGET.name}, ${over.toFixed(2)} of ${BUDGET.seconds} s over empty`,
  );
  if (!isWithin) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
