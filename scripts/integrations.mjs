// @ts-check
// Packs the published packages, installs them into a copy of each project of `integrations/`, builds and runs it.
//
//   npm run integrations                        at the root: builds first
//   npm run integrations -- node-esm bun        some of them
//   npm run integrations -- --keep              leaves the copies, and says where
//
// Fails where a project does not install, type-check, build or run.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { fetchRuntime, RUNTIMES } from "../stress/runtimes/runtimes.mjs";
import { findProgram } from "./find-programs.mjs";
import { packAll, run } from "./pack.mjs";
import { startRegistry } from "./registry.mjs";

const projects = fileURLToPath(new URL("../integrations", import.meta.url));
/** The pages whose programs the project `recipes` runs. */
const recipes = fileURLToPath(new URL("../docs/recipes", import.meta.url));

/** The task runner of a project and its manifest. It is npm, unless the project has the name of a runtime. */
const RUNNERS = {
  npm: { manifest: "package.json", tasks: "scripts", perform: ["run", "--silent"] },
  bun: { manifest: "package.json", tasks: "scripts", perform: ["run", "--silent"] },
  deno: { manifest: "deno.json", tasks: "tasks", perform: ["task", "--quiet"] },
};

/** @typedef {Awaited<ReturnType<typeof packAll>>} Packed */

/** @param {string} name @returns {keyof typeof RUNNERS} */
function runnerOf(name) {
  return name === "bun" || name === "deno" ? name : "npm";
}

/** @param {string} file @returns {Record<string, Record<string, string>>} */
function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

/** Installs the tarballs, and what the project names itself. @param {string} folder @param {Packed} packed */
async function install(folder, packed) {
  const file = join(folder, "package.json");
  const manifest = readJson(file);
  const tarballs = packed.map((one) => [one.name, pathToFileURL(one.file).href]);
  manifest.dependencies = { ...manifest.dependencies, ...Object.fromEntries(tarballs) };
  writeFileSync(file, JSON.stringify(manifest, undefined, 2));
  await run(folder, "npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts"]);
}

/**
 * Has another runtime than Node install the core from a registry, since not all of them take a tarball.
 *
 * @param {"bun" | "deno"} runner
 * @param {string} folder
 * @param {Packed} packed
 * @param {NodeJS.ProcessEnv} variables
 */
async function installCore(runner, folder, packed, variables) {
  const core = packed.find(({ name }) => name === "@portcullis/core");
  if (core === undefined) throw new Error("the core was not packed");
  cpSync(join(projects, "core.ts"), join(folder, "main.ts"));
  const { url, stop } = await startRegistry();
  try {
    const host = url.replace("http:", "");
    writeFileSync(join(folder, ".npmrc"), `@portcullis:registry=${url}\n${host}/:_authToken=nobody\n`);
    await run(folder, "npm", ["publish", core.file, "--provenance=false", "--tag", "latest"]);
    await run(folder, runner, ["add", runner === "deno" ? `npm:${core.name}` : core.name], variables);
  } finally {
    stop();
  }
}

/** The environment of a runtime, with itself and without an earlier build. @param {string} id @param {string} folder */
function environmentOf(id, folder) {
  const runtime = RUNTIMES.find((one) => one.id === id);
  if (runtime === undefined) throw new Error(`there is no runtime ${id}`);
  const cache = join(folder, "cache");
  const path = [dirname(fetchRuntime(runtime)), process.env.PATH].join(delimiter);
  return { PATH: path, NO_COLOR: "1", BUN_INSTALL_CACHE_DIR: cache, DENO_DIR: cache };
}

/** @param {string} name @param {string} folder @param {Packed} packed */
async function tryProject(name, folder, packed) {
  cpSync(join(projects, name), folder, { recursive: true });
  if (name === "recipes") cpSync(recipes, join(folder, "pages"), { recursive: true });
  const runner = runnerOf(name);
  const variables =
    runner === "npm" ? { REDIS_SERVER_PATH: findProgram("redis-server") } : environmentOf(runner, folder);
  if (runner === "npm") await install(folder, packed);
  else await installCore(runner, folder, packed, variables);
  const { manifest, tasks, perform } = RUNNERS[runner];
  const known = readJson(join(folder, manifest))[tasks] ?? {};
  for (const task of ["typecheck", "build", "start"]) {
    if (!(task in known)) continue;
    const printed = (await run(folder, runner, [...perform, task], variables)).trim();
    console.log(`  ${task}: ${printed === "" ? "done" : printed.replaceAll("\n", "\n    ")}`);
  }
}

const { values, positionals } = parseArgs({ options: { keep: { type: "boolean" } }, allowPositionals: true });
/** @param {string} name */
const isProject = (name) => existsSync(join(projects, name, RUNNERS[runnerOf(name)].manifest));
const chosen = positionals.length > 0 ? positionals : readdirSync(projects).filter(isProject);
const unknown = chosen.filter((name) => !isProject(name));
if (unknown.length > 0) throw new Error(`there is no integrations/${unknown.join(", ")}`);
const folder = mkdtempSync(join(tmpdir(), "portcullis-integrations-"));
try {
  const packed = await packAll(join(folder, "packed"));
  for (const name of chosen) {
    console.log(name);
    try {
      await tryProject(name, join(folder, name), packed);
    } catch (error) {
      console.log(`  FAILED: ${error instanceof Error ? error.message : error}`);
      process.exitCode = 1;
    }
  }
} finally {
  if (values.keep) console.log(folder);
  else rmSync(folder, { recursive: true, force: true });
}
