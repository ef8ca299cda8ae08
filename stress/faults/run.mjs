// @ts-check
// Tests guarded servers while the identity provider, the clock, the event loop, a process or a proxy fails.
//
//   npm run faults                      at the root: builds first
//   npm run faults -- --only stall      one part
//   npm run faults -- --save            keeps the figures of what held in bench/results/faults.json

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { commit } from "../../bench/lib/provenance.mjs";
import { killAll } from "./lib/children.mjs";
import { stopProxies } from "./lib/proxies.mjs";

/** The parts, with what their long form takes. @type {Record<string, object>} */
const PARTS = {
  provider: { clients: 20, rounds: 1, isThorough: true },
  clock: { clients: 20, rounds: 2 },
  stall: { clients: 50, rounds: 3 },
  sigterm: { clients: 20, rounds: 4 },
  "kill-behind-proxy": { clients: 30, rounds: 1 },
  "idle-cut": { clients: 30, rounds: 1 },
};

const { only, save } = parseArgs({
  options: { only: { type: "string", multiple: true }, save: { type: "boolean", default: false } },
}).values;

/** By part. @type {Record<string, { date: string, commit: string | undefined, options: object, figures: { what: string, value: string }[], raw: object }>} */
const measured = {};
for (const [part, options] of Object.entries(PARTS)) {
  if (only && !only.includes(part)) continue;
  const started = performance.now();
  try {
    const { run } = await import(`./parts/${part}.mjs`);
    const date = new Date().toISOString().slice(0, 10);
    measured[part] = { date, commit, options, ...(await run(options)) };
    console.log(`${part}: held, ${((performance.now() - started) / 1000).toFixed(0)} s`);
  } catch (error) {
    console.error(`${part}: did not hold`, error);
    process.exitCode = 1;
  } finally {
    await killAll();
    await stopProxies();
  }
}

for (const { what, value } of Object.values(measured).flatMap(({ figures }) => figures))
  console.log(`\n${what}:\n  ${value}`);
if (save) keep();

/** Keeps what was measured now, beside what is there of the other parts. */
function keep() {
  const folder = new URL("../../bench/results/", import.meta.url);
  const file = new URL("faults.json", folder);
  mkdirSync(folder, { recursive: true });
  const before = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).parts : {};
  const all = { ...before, ...measured };
  const parts = Object.fromEntries(Object.keys(PARTS).flatMap((part) => (all[part] ? [[part, all[part]]] : [])));
  const machine = {
    platform: `${platform()} ${arch()}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cpus: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    load: Number(loadavg()[0]?.toFixed(2)),
  };
  const kept = {
    command: "npm run faults",
    machine,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    figures: Object.values(parts).flatMap(({ figures }) => figures),
    parts,
  };
  writeFileSync(file, `${JSON.stringify(kept, null, 2)}\n`);
  console.log("\nkept in bench/results/faults.json");
}
