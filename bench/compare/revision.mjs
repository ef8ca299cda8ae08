// Builds another revision of the packages beside this one, with the installed packages of this checkout.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** This checkout. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** In the order of their imports. */
const PACKAGES = ["core", "adapter-ws", "adapter-express-bridge"];

const read = (file, args) => execFileSync(file, args, { cwd: ROOT, encoding: "utf8" }).trim();

/** Links every entry of a folder into another one, except the packages of this repository. */
function link(from, to) {
  if (!existsSync(from)) return;
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (name !== "@portcullis" && name !== ".cache") symlinkSync(join(from, name), join(to, name));
  }
}

/**
 * Builds a revision, once. The build is kept in `node_modules/.cache`.
 *
 * @param {string} revision As git reads it, for example `main` or `5db23cf`.
 * @returns {{ dir: string, name: string }} The folder of the revision, and its short name.
 */
export function buildRevision(revision) {
  const name = read("git", ["rev-parse", "--short", "--verify", `${revision}^{commit}`]);
  const dir = join(ROOT, "node_modules/.cache/portcullis-bench", name);
  if (existsSync(dir)) return { dir, name };
  console.log(`Builds ${name} first: about a minute.`);
  const begun = `${dir}.begun`;
  rmSync(begun, { recursive: true, force: true });
  mkdirSync(begun, { recursive: true });
  // Not a worktree, which would stay in the list of git.
  const files = execFileSync("git", ["archive", name], { cwd: ROOT, maxBuffer: 2 ** 30 });
  execFileSync("tar", ["-x", "-C", begun], { input: files });
  link(join(ROOT, "node_modules"), join(begun, "node_modules"));
  mkdirSync(join(begun, "node_modules/@portcullis"));
  for (const one of PACKAGES) {
    const own = join(begun, "packages", one);
    symlinkSync(join("../../packages", one), join(begun, "node_modules/@portcullis", one));
    link(join(ROOT, "packages", one, "node_modules"), join(own, "node_modules"));
  }
  for (const one of PACKAGES) {
    const tsup = join(ROOT, "node_modules/tsup/dist/cli-default.js");
    const env = { ...process.env, PORTCULLIS_WITHOUT_TYPES: "1" };
    execFileSync(process.execPath, [tsup, "--silent"], { cwd: join(begun, "packages", one), env, stdio: "inherit" });
  }
  renameSync(begun, dir);
  return { dir, name };
}
