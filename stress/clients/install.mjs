// @ts-check
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { packAll, run } from "../../scripts/pack.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** @param {string} folder below the root */
const devDependenciesOf = (folder) =>
  JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")).devDependencies;

/**
 * Installs the packed package beside all versions of the clients, each under its alias, and what the suite needs.
 *
 * @param {string} folder
 * @param {readonly import("./versions.mjs").ClientVersion[]} versions
 */
export async function install(folder, versions) {
  const packed = await packAll(join(folder, "packed"));
  const needed = packed.filter(({ name }) => /\/(core|revocations|testing)$/.test(name));
  const tools = { ...devDependenciesOf("packages/revocations"), ...devDependenciesOf(".") };
  const dependencies = Object.fromEntries([
    ...needed.map(({ name, file }) => [name, pathToFileURL(file).href]),
    ...versions.map(({ library, version, alias }) => [alias, `npm:${library}@${version}`]),
    ...["vitest", "vite", "@types/pg", "@types/node"].map((name) => [name, tools[name]]),
  ]);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
  await run(folder, "npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps"]);
}
