// Measures the structure of the packages, and fails where it is worse than agreed:
//
//   npm run structure               prints one row per package
//   npm run structure -- --long     prints also the longest import chain of each, and its largest classes
//
// Layers and parameter counts are checked by Biome (biome.json).

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { circles, importGraph, longestChain } from "./structure/graph.mjs";
import { COUNTED_AS_CODE, LIMITS, measureFile } from "./structure/sizes.mjs";
import { RETIRED } from "./structure/words.mjs";

const PACKAGES = fileURLToPath(new URL("../packages/", import.meta.url));
/** Names that `@portcullis/core/adapter` may export. */
const MAX_ADAPTER_NAMES = 30;
/** Lines of code that a package may have. @type {ReadonlyMap<string, number>} */
const MAX_CODE = new Map([["adapter-crossws", 300]]);

const isLong = process.argv.includes("--long");
const problems = [];
const rows = [];
/** @type {string[]} */
const told = [];
for (const name of readdirSync(PACKAGES)) {
  const folder = `${PACKAGES}${name}/src/`;
  const graph = importGraph(folder);
  const chain = longestChain(graph);
  const found = circles(graph);
  const files = [...graph.keys()].map((file) => measureFile(folder, file));
  const classes = files.flatMap((file) => file.classes).sort((a, b) => b.lines - a.lines);
  const functions = files.flatMap((file) => file.functions).sort((a, b) => b.lines - a.lines);
  const code = files.reduce((sum, file) => sum + file.code, 0);
  rows.push({
    package: name,
    files: files.length,
    code,
    "longest file": Math.max(...files.map(({ lines }) => lines)),
    "longest chain": chain.length,
    circles: found.length,
    "classes over 150": classes.filter(({ lines }) => lines > 150).length,
    "classes over 200": classes.filter(({ lines }) => lines > LIMITS.class).length,
    "longest function": functions[0]?.lines ?? 0,
  });
  const most = MAX_CODE.get(name);
  if (most !== undefined) {
    told.push(`${name} has ${code} lines of code, at most ${most}`);
    if (code > most) problems.push(`${name}: ${code} lines of code, at most ${most}`);
  }
  for (const circle of found) problems.push(`${name}: circle ${circle.join(" -> ")}`);
  for (const { where, lines } of classes) {
    if (lines > LIMITS.class) problems.push(`${name}: class ${where} has ${lines} lines, at most ${LIMITS.class}`);
  }
  for (const { where, lines } of functions) {
    if (lines > LIMITS.function) {
      problems.push(`${name}: function ${where} has ${lines} lines, at most ${LIMITS.function}`);
    }
  }
  for (const { lines, file } of files) {
    if (lines > LIMITS.file) problems.push(`${name}: ${file} has ${lines} lines, at most ${LIMITS.file}`);
  }
  for (const { where, name: word } of files.flatMap((file) => file.names)) {
    if (RETIRED.has(word)) problems.push(`${name}: ${where} declares \`${word}\`: write ${RETIRED.get(word)}`);
  }
  if (isLong) {
    console.log(`${name}\n  ${chain.join("\n  -> ")}`);
    for (const { where, lines } of classes.slice(0, 5)) console.log(`  class ${where}: ${lines} lines`);
  }
}
console.table(rows);
console.log(`code: ${COUNTED_AS_CODE}. Tests are left out.`);
for (const line of told) console.log(line);

const contract = measureFile(`${PACKAGES}core/src/`, "adapter.ts").exports;
console.log(`@portcullis/core/adapter exports ${contract} names, at most ${MAX_ADAPTER_NAMES}`);
if (contract > MAX_ADAPTER_NAMES) problems.push("core: @portcullis/core/adapter exports too many names");

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
