// @ts-check
// Published packages may only depend on packages with free licences, and the core must have no dependencies.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ALLOWED = new Set(["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "0BSD", "BlueOak-1.0.0"]);
const lock = fileURLToPath(new URL("../package-lock.json", import.meta.url));

/**
 * @typedef {object} Locked
 * @property {string} [license]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, { optional?: boolean }>} [peerDependenciesMeta]
 * @property {boolean} [link]
 * @property {string} [resolved] Where a link leads.
 */

/** @type {Map<string, Locked>} By where it is installed. */
const packages = new Map(Object.entries(JSON.parse(readFileSync(lock, "utf8")).packages));

/**
 * Resolves the path of a dependency as Node does.
 *
 * @param {string} from
 * @param {string} name
 * @returns {string | undefined}
 */
function find(from, name) {
  for (let folder = from; ; folder = folder.replace(/(^|\/)(node_modules\/(@[^/]+\/)?[^/]+|[^/]+)$/, "")) {
    const path = `${folder === "" ? "" : `${folder}/`}node_modules/${name}`;
    const found = packages.get(path);
    if (found) return found.link ? found.resolved : path;
    if (folder === "") return undefined;
  }
}

/** Required dependencies of a package. @param {Locked} locked */
function needsOf({ dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} }) {
  const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
  return [...Object.keys(dependencies), ...peers];
}

/** @type {Set<string>} */
const reached = new Set();
/** @param {string} path */
function follow(path) {
  if (reached.has(path)) return;
  reached.add(path);
  for (const name of needsOf(packages.get(path) ?? {})) {
    const found = find(path, name);
    if (found !== undefined) follow(found);
  }
}

const published = [...packages.keys()].filter((path) => /^packages\/[^/]+$/.test(path));
for (const path of published) follow(path);
const problems = [...reached].flatMap((path) => {
  const licence = packages.get(path)?.license;
  return licence !== undefined && ALLOWED.has(licence) ? [] : [`${path} has the licence ${licence}`];
});
if (needsOf(packages.get("packages/core") ?? {}).length > 0) problems.push("the core has a dependency");

for (const problem of problems) console.log(problem);
console.log(`${reached.size} packages that are published or needed by one, ${problems.length} problems`);
process.exitCode = problems.length === 0 && published.length > 0 ? 0 : 1;
