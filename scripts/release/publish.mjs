// @ts-check
// Publishes the tarballs of a folder, the core first, because the others depend on it. A version that the registry has
// already is left out, so a release that was interrupted may be run again. Needs nothing but Node, npm and tar: no package
// of somebody else runs beside the rights to publish.
//
//   node scripts/release/publish.mjs <folder> [options of npm publish]

import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";

const [folder = "packed", ...options] = process.argv.slice(2);

/**
 * @param {string} program
 * @param {string[]} args
 */
const run = (program, ...args) => execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** @param {string} id as in `name@1.2.3` */
function isPublished(id) {
  try {
    return run("npm", "view", id, "version").trim() !== "";
  } catch (error) {
    if (String(/** @type {{ stderr?: string }} */ (error).stderr).includes("E404")) return false;
    throw error;
  }
}

const isCore = (/** @type {string} */ file) => Number(file.includes("-core-"));
const files = readdirSync(folder).filter((file) => file.endsWith(".tgz"));
if (files.length === 0) throw new Error(`${folder} has no tarball: run scripts/release/pack.mjs first`);
for (const file of files.sort((one, other) => isCore(other) - isCore(one))) {
  const tarball = resolve(join(folder, file));
  const { name, version } = JSON.parse(run("tar", "-xzOf", tarball, "package/package.json"));
  if (isPublished(`${name}@${version}`)) {
    console.log(`${name}@${version} is published already`);
    continue;
  }
  run("npm", "publish", tarball, ...options);
  console.log(`${name}@${version} published`);
}
