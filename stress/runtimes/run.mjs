// @ts-check
// Tries Portcullis, as built, wherever it may run.
//
//   npm run runtimes                          at the root: builds first; about half an hour
//   npm run runtimes -- --only node26,bun     some of them
//   npm run runtimes -- --suites core         the suites of some packages
//   npm run runtimes -- --quick               the core's cases and the sockets alone: no suites, no older runtimes
//   npm run runtimes -- --save                keeps the results in bench/results and writes docs/runtimes.md
//
// Fails where anything opens, or fails without its reason being known.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { commit } from "../../bench/lib/provenance.mjs";
import { reasonOf } from "./known.mjs";
import { daysOf, figuresOf, renderPage } from "./page.mjs";
import { environmentOf, OLDER, RUNTIMES, startOf, WORKERD } from "./runtimes.mjs";
import { trySockets, tryWorkerd } from "./sockets.mjs";
import { PACKAGES, runSuite } from "./suites.mjs";
import { checkInWorkerd } from "./workerd.mjs";

const {
  quick,
  save,
  only,
  suites: named,
} = parseArgs({
  options: {
    quick: { type: "boolean" },
    save: { type: "boolean" },
    only: { type: "string" },
    suites: { type: "string" },
  },
}).values;
const chosen = only?.split(",");
/** @type {(runtime: { id: string }) => boolean} */
const isChosen = ({ id }) => chosen === undefined || chosen.includes(id);
const unknown = chosen?.filter((id) => ![...RUNTIMES, ...OLDER, WORKERD].some((runtime) => runtime.id === id)) ?? [];
if (unknown.length > 0) throw new Error(`there is no runtime ${unknown.join(", ")}`);

const TRANSPORTS = /** @type {const} */ (["ws", "socket.io, polling", "socket.io, websocket", "crossws"]);
const kept = new URL("../../bench/results/runtimes.json", import.meta.url);
const page = new URL("../../docs/runtimes.md", import.meta.url);
/** @type {import("./page.mjs").Results} */
const results = { core: {}, suites: {}, sockets: {} };

/** @param {string} what */
function complain(what) {
  console.log(`  WRONG: ${what}`);
  process.exitCode = 1;
}

/** @param {import("./runtimes.mjs").Runtime} runtime @returns {ReturnType<typeof import("./core.mjs").checkCore>} */
async function askCoreIn(runtime) {
  if (runtime.kind === "workerd") return checkInWorkerd();
  const [program, ...flags] = startOf(runtime);
  const file = fileURLToPath(new URL("core-here.mjs", import.meta.url));
  const { stdout } = spawnSync(program, [...flags, file], {
    encoding: "utf8",
    env: environmentOf(runtime),
    stdio: ["ignore", "pipe", "inherit"],
  });
  return JSON.parse(stdout);
}

/** @param {import("./runtimes.mjs").Runtime} runtime */
async function checkCoreIn(runtime) {
  const { rows, checks, wrong } = await askCoreIn(runtime);
  console.log(`  core: ${rows} cases and ${checks} checks, ${wrong.length} wrong`);
  for (const one of wrong) complain(one);
  results.core[runtime.id] = { name: runtime.name, version: runtime.version, rows, checks, wrong: wrong.length };
}

/** @param {import("./runtimes.mjs").Runtime} runtime */
async function trySocketsIn(runtime) {
  const { id, name, version } = runtime;
  /** @type {Record<string, import("./sockets.mjs").Tried>} */
  const tried = {};
  for (const transport of runtime.kind === "workerd" ? /** @type {const} */ (["crossws"]) : TRANSPORTS) {
    const one = runtime.kind === "workerd" ? await tryWorkerd() : await trySockets(runtime, transport);
    tried[transport] = one;
    console.log(`  ${transport}: ${one.verdict}${one.verdict === "guards" ? "" : ` (${one.why})`}`);
    const isKnown = OLDER.includes(runtime) ? one.verdict !== "opens" : one.verdict === "guards";
    if (!isKnown) complain(`${transport}: ${one.why}`);
  }
  results.sockets[id] = { name, version, tried };
}

/** @param {import("./runtimes.mjs").Runtime} runtime */
async function runSuitesIn(runtime) {
  const { id, name, version, kind } = runtime;
  /** @type {Record<string, import("./suites.mjs").SuiteResult>} */
  const packages = {};
  for (const one of named?.split(",") ?? PACKAGES) {
    const suite = await runSuite(runtime, one);
    packages[one] = suite;
    const { built, sources, skipped, failed } = suite;
    console.log(`  ${one}: ${built} built, ${sources} sources, ${skipped} skipped, ${failed.length} failed`);
    for (const { file, title, message } of failed) {
      if (reasonOf(kind, file, title) === undefined) complain(`${file}: ${title}: ${message}`);
    }
  }
  results.suites[id] = { name, version, kind, packages };
}

for (const runtime of [...RUNTIMES, WORKERD].filter(isChosen)) {
  console.log(`${runtime.name} ${runtime.version}`);
  await checkCoreIn(runtime);
  await trySocketsIn(runtime);
  if (!quick && runtime.kind !== "workerd") await runSuitesIn(runtime);
}
for (const runtime of quick && !chosen ? [] : OLDER.filter(isChosen)) {
  console.log(`${runtime.name} ${runtime.version}`);
  await trySocketsIn(runtime);
}

if (save) {
  const [cpu] = cpus();
  const machine = {
    platform: `${process.platform} ${process.arch}`,
    cpu: cpu?.model.trim(),
    cpus: availableParallelism(),
  };
  // Earlier results of other runtimes stay.
  const before = existsSync(kept) ? JSON.parse(readFileSync(kept, "utf8")) : {};
  const core = { ...before.core, ...results.core };
  const suites = { ...before.suites };
  const date = new Date().toISOString();
  for (const [id, ran] of Object.entries(results.suites)) {
    for (const suite of Object.values(ran.packages)) suite.day = date.slice(0, 10);
    suites[id] = { ...ran, packages: { ...suites[id]?.packages, ...ran.packages } };
  }
  const sockets = { ...before.sockets, ...results.sockets };
  const about = {
    command: "npm run runtimes -- --save",
    machine,
    node: process.version,
    date,
    since: daysOf(suites)[0],
    commit,
  };
  const text = JSON.stringify(
    { ...about, figures: figuresOf({ core, suites, sockets }), core, suites, sockets },
    undefined,
    2,
  );
  writeFileSync(kept, `${text}\n`);
  writeFileSync(page, renderPage({ core, suites, sockets }));
  console.log("kept in bench/results/runtimes.json and docs/runtimes.md");
}
// A client may still wait for a server that is gone.
process.exit();
