// @ts-check
// Finds the versions of the clients that @portcullis/revocations supports: of each minor version the newest.
import { readFileSync } from "node:fs";
import { run } from "../../scripts/pack.mjs";

const MANIFEST = new URL("../../packages/revocations/package.json", import.meta.url);

/**
 * @typedef {object} ClientVersion
 * @property {"redis" | "ioredis" | "pg"} library
 * @property {string} version
 * @property {string} alias its name in a folder that has all versions
 */

/** @returns {Record<ClientVersion["library"], string>} */
function supported() {
  return JSON.parse(readFileSync(MANIFEST, "utf8")).peerDependencies;
}

/** Asks the registry once for each library. @param {string} folder @returns {Promise<ClientVersion[]>} */
export async function supportedVersions(folder) {
  const libraries = /** @type {[ClientVersion["library"], string][]} */ (Object.entries(supported()));
  const found = await Promise.all(
    libraries.map(async ([library, range]) => {
      const printed = JSON.parse(await run(folder, "npm", ["view", `${library}@${range}`, "version", "--json"]));
      const versions = newestOfEachMinor([printed].flat());
      for (const major of majorsOf(range)) {
        if (!versions.some((version) => version.startsWith(`${major}.`))) {
          throw new Error(`package.json supports ${library} ${major}, which the registry does not have`);
        }
      }
      return versions.map((version) => ({ library, version, alias: `${library}-${version}` }));
    }),
  );
  return found.flat();
}

/** @param {string} range as in `^5.4.0 || ^6.0.0` */
function majorsOf(range) {
  return range.split("||").map((part) => part.trim().replace(/^\^(\d+)\..*/, "$1"));
}

/** @param {readonly string[]} versions @returns {string[]} */
export function newestOfEachMinor(versions) {
  /** @type {Map<string, string>} */
  const newest = new Map();
  const releases = versions.filter((version) => /^\d+\.\d+\.\d+$/.test(version)).sort(compare);
  for (const version of releases) newest.set(version.replace(/\.\d+$/, ""), version);
  return [...newest.values()];
}

/** @param {string} one @param {string} other */
function compare(one, other) {
  const [left, right] = [one.split(".").map(Number), other.split(".").map(Number)];
  const at = left.findIndex((part, index) => part !== right[index]);
  return at === -1 ? 0 : /** @type {number} */ (left[at]) - /** @type {number} */ (right[at]);
}
