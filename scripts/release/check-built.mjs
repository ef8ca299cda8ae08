// @ts-check
// Runs as `prepack` of every published package, in its folder. A package that lacks a file which its manifest names is not
// packed. After `npm start` in a fresh clone, for example, the packages are built without types.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Finds the files that a manifest names and that do not exist.
 *
 * @param {string} folder of the package
 * @returns {string[]} paths as in the manifest, for example `./dist/index.d.ts`
 */
export function missingFiles(folder) {
  const { main, module, types, exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const paths = new Set([main, module, types, exports].flatMap(pathsIn));
  return [...paths].filter((path) => !exists(join(folder, path)));
}

/**
 * @param {unknown} entry a path, or an object of conditions and subpaths, nested to any depth
 * @returns {string[]}
 */
function pathsIn(entry) {
  if (typeof entry === "string") return [entry];
  return typeof entry === "object" && entry !== null ? Object.values(entry).flatMap(pathsIn) : [];
}

/** @param {string} path a pattern such as `cases/*.json` needs one file */
function exists(path) {
  if (!path.includes("*")) return existsSync(path);
  const folder = dirname(path);
  return existsSync(folder) && readdirSync(folder).some((file) => extname(file) === extname(path));
}

if (resolve(process.argv[1] ?? "") === fileURLToPath(import.meta.url)) {
  const missing = missingFiles(process.cwd());
  if (missing.length > 0) {
    const { name } = JSON.parse(readFileSync("package.json", "utf8"));
    console.error(`${name} lacks ${missing.join(", ")}. Run "npm run build" first, then pack again.`);
    process.exitCode = 1;
  }
}
