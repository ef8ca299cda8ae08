// @ts-check
// Installs every supported version of redis, ioredis and pg from the registry beside the packed package, and runs the
// conformance of the log with each on a real server. Type-checks that each client is taken.
//
//   npm run build && node stress/clients/run.mjs      of each minor version the newest
//   node stress/clients/run.mjs --only pg             one library
//   node stress/clients/run.mjs --save                keeps the result in bench/results

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { provenance } from "../../bench/lib/provenance.mjs";
import { findProgram } from "../../scripts/find-programs.mjs";
import { install } from "./install.mjs";
import { checkTypes } from "./types.mjs";
import { supportedVersions } from "./versions.mjs";

/** @typedef {import("./versions.mjs").ClientVersion} ClientVersion */
/** @typedef {ClientVersion & { passed: number, failed: string[], isTaken: boolean }} Tried */

const root = fileURLToPath(new URL("../..", import.meta.url));
const { only, save } = parseArgs({
  options: { only: { type: "string" }, save: { type: "boolean", default: false } },
}).values;
for (const program of /** @type {const} */ (["redis-server", "Postgres"])) {
  if (findProgram(program) === undefined) throw new Error(`${program} is not installed`);
}

const about = provenance();
const folder = realpathSync(mkdtempSync(join(tmpdir(), "portcullis-clients-")));
try {
  const versions = (await supportedVersions(folder)).filter(({ library }) => only === undefined || library === only);
  await install(folder, versions);
  const taken = checkTypes(folder, versions);
  const tried = (await runSuite(versions)).map((one) => ({ ...one, isTaken: taken.has(one.alias) }));
  for (const { alias, passed, failed, isTaken } of tried) {
    console.log(`${alias}: ${passed} passed, ${failed.length} failed${isTaken ? "" : ", its type is not taken"}`);
    for (const one of failed) console.log(`  ${one}`);
    if (failed.length > 0 || passed === 0 || !isTaken) process.exitCode = 1;
  }
  if (save && only === undefined) keep(tried);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @param {readonly ClientVersion[]} versions @returns {Promise<Omit<Tried, "isTaken">[]>} */
async function runSuite(versions) {
  cpSync(new URL("suite.mjs", import.meta.url), join(folder, "suite.mjs"));
  const config = 'export default { test: { include: ["suite.mjs"], server: { deps: { inline: [/@portcullis/] } } } };';
  writeFileSync(join(folder, "vitest.config.mjs"), config);
  const report = join(folder, "report.json");
  const flags = ["vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const env = {
    ...process.env,
    CLIENTS: JSON.stringify(versions),
    SERVERS: new URL("../../scripts/test-servers.mjs", import.meta.url).href,
  };
  spawnSync("npx", flags, { cwd: folder, env, stdio: ["ignore", "ignore", "inherit"] });
  const [file] = JSON.parse(readFileSync(report, "utf8")).testResults;
  if (file.assertionResults.length === 0) throw new Error(`the suite does not run: ${file.message}`);
  return versions.map((one) => {
    const own = file.assertionResults.filter((/** @type {any} */ { ancestorTitles }) =>
      ancestorTitles.some((/** @type {string} */ title) => title.startsWith(`${one.alias}:`)),
    );
    const failed = own.filter((/** @type {any} */ { status }) => status !== "passed");
    const failures = failed.map((/** @type {any} */ { title, failureMessages }) => `${title}: ${failureMessages[0]}`);
    return { ...one, passed: own.length - failed.length, failed: failures };
  });
}

/** @param {readonly Tried[]} tried */
function keep(tried) {
  const versionOf = (/** @type {"redis-server" | "Postgres"} */ program) =>
    spawnSync(findProgram(program) ?? "", ["--version"], { encoding: "utf8" }).stdout.match(/\d+\.[\d.]+/)?.[0];
  const servers = { redis: `redis-server ${versionOf("redis-server")}`, pg: `Postgres ${versionOf("Postgres")}` };
  const majors = [...new Set(tried.map(({ library, version }) => `${library} ${version.split(".")[0]}`))];
  const figures = majors.map((major) => {
    const own = tried.filter(({ library, version }) => `${library} ${version.split(".")[0]}` === major);
    const passed = own.reduce((sum, one) => sum + one.passed, 0);
    const all = own.reduce((sum, one) => sum + one.passed + one.failed.length, 0);
    const server = major.startsWith("pg") ? servers.pg : servers.redis;
    const versions = own.map(({ version }) => version).join(", ");
    return {
      what: `Tests of the log that pass with ${major} on ${server}: ${versions}`,
      value: `${passed} of ${all}; types of ${own.filter(({ isTaken }) => isTaken).length} of ${own.length} versions taken`,
    };
  });
  const kept = { command: "node stress/clients/run.mjs --save", ...about, figures, servers, tried };
  const file = join(root, "bench/results/clients.json");
  writeFileSync(file, `${JSON.stringify(kept, undefined, 2)}\n`);
  console.log("kept in bench/results/clients.json");
}
