// @ts-check
// The runtimes that are tried, and how each is fetched: as a package of npm, when it is first needed.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { arch, platform } from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cache = process.env.PORTCULLIS_RUNTIMES ?? join(root, "node_modules", ".cache", "portcullis-runtimes");
const system = platform === "win32" ? "windows" : platform;
const ending = platform === "win32" ? ".exe" : "";

/**
 * @typedef {object} Runtime
 * @property {string} id what `--only` calls it
 * @property {string} name
 * @property {string} version
 * @property {"node" | "bun" | "deno" | "workerd"} kind
 * @property {string} [package] where its program comes from; none: the Node that runs this
 * @property {string} [file] its program, in that package
 */

/** @param {string} version @returns {Runtime} */
function node(version) {
  const os = platform === "win32" ? "win" : platform;
  return {
    id: `node${version.split(".")[0]}`,
    name: "Node",
    version,
    kind: "node",
    package: `node-${os}-${arch}@${version}`,
    file: platform === "win32" ? "bin/node.exe" : "bin/node",
  };
}

/** @param {string} version @param {string} id @returns {Runtime} */
function bun(version, id = `bun@${version}`) {
  const os = `${system}-${arch === "arm64" ? "aarch64" : arch}`;
  return { id, name: "Bun", version, kind: "bun", package: `@oven/bun-${os}@${version}`, file: `bin/bun${ending}` };
}

/** @param {string} version @param {string} id @returns {Runtime} */
function deno(version, id = `deno@${version}`) {
  const os = `${platform}-${arch}${platform === "linux" ? "-glibc" : ""}`;
  return { id, name: "Deno", version, kind: "deno", package: `@deno/${os}@${version}`, file: `deno${ending}` };
}

/** Those on which the suites run. @type {readonly Runtime[]} */
export const RUNTIMES = [
  node("20.20.2"),
  node("22.23.3"),
  node("24.21.0"),
  node("26.10.0"),
  bun("1.4.5", "bun"),
  deno("2.9.5", "deno"),
];

/** Runs the core alone. @type {Runtime} */
export const WORKERD = {
  id: "workerd",
  name: "workerd",
  version: "1.20261023.1",
  kind: "workerd",
  package: `@cloudflare/workerd-${system}-${arch === "x64" ? "64" : arch}@1.20261023.1`,
  file: `bin/workerd${ending}`,
};

/** Older ones that are still about: do they guard, or say that they cannot? @type {readonly Runtime[]} */
export const OLDER = [
  bun("1.4.4"),
  bun("1.4.3"),
  bun("1.3.14"),
  bun("1.2.23"),
  deno("2.8.3"),
  deno("2.7.14"),
  deno("2.5.6"),
  deno("2.2.12"),
];

/** The path of a runtime's program; `undefined` when it is not fetched. @param {Runtime} runtime */
export function findRuntime(runtime) {
  const program = programOf(runtime);
  return existsSync(program) ? program : undefined;
}

/** @param {Runtime} runtime */
function programOf(runtime) {
  const spec = /** @type {string} */ (runtime.package);
  const name = spec.slice(0, spec.lastIndexOf("@"));
  return join(folderOf(runtime), "node_modules", name, /** @type {string} */ (runtime.file));
}

/** @param {Runtime} runtime */
function folderOf(runtime) {
  return join(cache, /** @type {string} */ (runtime.package).replaceAll("/", "+"));
}

/**
 * Returns the path of a runtime's program, and fetches the program when it is missing.
 *
 * @param {Runtime} runtime
 * @returns {string}
 */
export function fetchRuntime(runtime) {
  if (runtime.kind === "node" && process.version === `v${runtime.version}`) return process.execPath;
  const spec = /** @type {string} */ (runtime.package);
  const folder = folderOf(runtime);
  const program = programOf(runtime);
  if (!existsSync(program)) {
    console.log(`fetching ${spec}`);
    mkdirSync(folder, { recursive: true });
    const args = ["install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", spec];
    const { status } = spawnSync("npm", args, { stdio: ["ignore", "ignore", "inherit"], shell: platform === "win32" });
    if (status !== 0 || !existsSync(program)) throw new Error(`${spec} could not be fetched`);
  }
  return program;
}

/** Bun would follow the `paths` of this repository's tsconfig.json, to the sources. */
const AS_PUBLISHED = `--tsconfig-override=${fileURLToPath(new URL("tsconfig.built.json", import.meta.url))}`;

/** The environment of a runtime and of its child processes. @param {Runtime} runtime */
export function environmentOf({ kind }) {
  return { ...process.env, ...(kind === "bun" && { BUN_OPTIONS: AS_PUBLISHED }) };
}

/** The command that runs a JavaScript file. @param {Runtime} runtime @returns {readonly [string, ...string[]]} */
export function startOf(runtime) {
  const program = fetchRuntime(runtime);
  // The oldest know the option, but not the variable.
  if (runtime.kind === "bun") return [program, "--bun", AS_PUBLISHED];
  if (runtime.kind === "deno") return [program, "run", "-A", "--no-remote"];
  return [program];
}
