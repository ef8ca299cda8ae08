// @ts-check
// Packs the published packages, for checks that install them.
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const execute = promisify(execFile);

/**
 * Runs a program and gives what it printed.
 *
 * @param {string} folder
 * @param {string} program
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [variables] for its environment, beside those of this process
 * @returns {Promise<string>}
 * @throws {Error} With all it printed, when it fails.
 */
export async function run(folder, program, args, variables = {}) {
  // Variables that npm sets for its scripts describe this repository, not the folder.
  const inherited = Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle)_/.test(name));
  const env = { ...Object.fromEntries(inherited), ...variables };
  try {
    const { stdout } = await execute(program, args, { cwd: folder, env, shell: process.platform === "win32" });
    return stdout;
  } catch (cause) {
    const {
      code,
      stdout = "",
      stderr = "",
    } = /** @type {{ code?: unknown, stdout?: string, stderr?: string }} */ (cause);
    throw new Error(`${program} ${args.join(" ")} failed with ${code}\n${stdout}${stderr}`, { cause });
  }
}

/**
 * Packs all packages that are published.
 *
 * @param {string} folder where the tarballs go
 * @returns {Promise<{ name: string, file: string }[]>}
 */
export async function packAll(folder) {
  mkdirSync(folder, { recursive: true });
  const packages = readdirSync(join(root, "packages")).map((name) => `./packages/${name}`);
  const printed = await run(root, "npm", ["pack", ...packages, "--json", "--pack-destination", folder]);
  return JSON.parse(printed).map((/** @type {{ name: string, filename: string }} */ { name, filename }) => ({
    name,
    file: join(folder, filename),
  }));
}
