// @ts-check
// Runs a script of a folder that has packages of its own, which the installation of the repository leaves out: benchmarks,
// mutation runs and the site. Installs them first, from the lockfile of the folder.
//
//   node scripts/in-folder.mjs <folder> <script> [arguments of the script]
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const [name = "", script = "", ...args] = process.argv.slice(2);
const folder = join(root, name);

/** True when the packages are those of the lockfile: npm writes its own copy of it after them. */
function isInstalled() {
  const installed = join(folder, "node_modules/.package-lock.json");
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(folder, "package-lock.json")).mtimeMs;
}

/** @param {string[]} command of npm, in the folder */
function npm(...command) {
  const { status } = spawnSync("npm", command, { cwd: folder, stdio: "inherit", shell: process.platform === "win32" });
  if (status !== 0) process.exit(status ?? 1);
}

if (!isInstalled()) {
  console.log(`Installs the packages of ${name}/ first: about a minute.`);
  npm("ci", "--no-audit", "--no-fund");
}
npm("run", script, "--", ...args);
