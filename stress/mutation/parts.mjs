// @ts-check

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * Sources that are mutated together, and the tests that must notice. The largest tests of a package are left out,
 * because smaller ones notice the same sooner. `attack` tests the attack kit itself; the conformance suite runs the kit
 * as well. `copies` loads the package twice, which a thread that has it loaded cannot do.
 *
 * @type {Record<string, { folder?: string, only?: RegExp, without: RegExp }>}
 */
export const PARTS = {
  core: { without: /test\/(every-tree\.(and|or)|every-fault|laws|policies|copies)/ },
  continuity: { folder: "core", only: /src\/continuity/, without: /^$/ },
  "adapter-ws": { without: /test\/attack/ },
  "adapter-socketio": { without: /test\/attack/ },
  "adapter-crossws": { without: /test\/attack/ },
  "adapter-express-bridge": { without: /test\/(matrix|application)/ },
  revocations: { without: /^$/ },
};

const DECIDING = /core\/src\/(decision|rules|engine|policy)\//;
const ENFORCING = /core\/src\/(guard|codecs|frames|consumer|continuity)\//;

/**
 * The percentage of mutants that the tests must notice. Each of the others must be explained in README.md.
 *
 * @type {{ name: string, selects: RegExp, least: number }[]}
 */
export const LIMITS = [
  { name: "what decides", selects: DECIDING, least: 95 },
  { name: "the edge of connect, action and object", selects: ENFORCING, least: 95 },
  { name: "the core", selects: /^packages\/core\//, least: 95 },
  { name: "the adapter for ws", selects: /^packages\/adapter-ws\//, least: 95 },
  { name: "the adapter for socket.io", selects: /^packages\/adapter-socketio\//, least: 95 },
  { name: "the adapter for crossws", selects: /^packages\/adapter-crossws\//, least: 95 },
  { name: "the bridge", selects: /^packages\/adapter-express-bridge\//, least: 95 },
  { name: "the logs of revocations", selects: /^packages\/revocations\//, least: 95 },
];

/** The part that the environment variable `PART` names. */
export const name = process.env.PART ?? "core";
const part = PARTS[name];
if (part === undefined) throw new Error(`PART is ${name}: give one of ${Object.keys(PARTS).join(", ")}`);

/** The files of a package whose path ends so. */
function filesOf(/** @type {RegExp} */ end) {
  const folder = join("packages", part?.folder ?? name);
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => /^(src|test)\//.test(path) && end.test(path) && part?.only?.test(path) !== false)
    .map((path) => join(folder, path));
}

/** The sources that are mutated. */
export const sources = filesOf(/(?<!\.test|\.test-d|\.d)\.ts$/).filter((path) => path.includes("/src/"));

/** The tests beside the sources first, the smallest first: the first that fails ends the run of a mutant. */
export function testFiles() {
  const weigh = (/** @type {string} */ file) => statSync(file).size * (file.includes("/src/") ? 1 : 100);
  const files = filesOf(/\.test\.ts$/).filter((path) => !part?.without.test(path));
  return files.sort((one, other) => weigh(one) - weigh(other));
}
