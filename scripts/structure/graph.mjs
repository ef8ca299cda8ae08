// The graph of imports inside one folder, imports of types included.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";

/**
 * Reads which files import which.
 *
 * @param {string} folder Absolute path of the sources.
 * @returns {Map<string, string[]>} Imported files by file, both relative to the folder. Tests are left out.
 */
export function importGraph(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !/\.test(-d)?\.ts$/.test(file),
  );
  return new Map(files.map((file) => [file, importsOf(folder, file)]));
}

/** @param {string} folder @param {string} file */
function importsOf(folder, file) {
  const path = join(folder, file);
  const { importedFiles } = ts.preProcessFile(readFileSync(path, "utf8"), true, true);
  const targets = importedFiles
    .filter(({ fileName }) => fileName.startsWith("."))
    .map(({ fileName }) => resolve(dirname(path), fileName.replace(/\.js$/, ".ts")))
    .filter((target) => existsSync(target));
  return [...new Set(targets.map((target) => relative(folder, target)))];
}

/**
 * Finds the files that import each other in a circle.
 *
 * @param {Map<string, string[]>} graph
 * @returns {string[][]} One list per strongly connected group of two files or more.
 */
export function circles(graph) {
  /** @type {Map<string, number>} */
  const order = new Map();
  /** @type {Map<string, number>} */
  const lowest = new Map();
  /** @type {string[]} */
  const stack = [];
  /** @type {string[][]} */
  const groups = [];
  const visit = (/** @type {string} */ file) => {
    order.set(file, order.size);
    lowest.set(file, order.get(file) ?? 0);
    stack.push(file);
    for (const next of graph.get(file) ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) lowest.set(file, Math.min(lowest.get(file) ?? 0, lowest.get(next) ?? 0));
    }
    if (lowest.get(file) !== order.get(file)) return;
    const group = stack.splice(stack.indexOf(file));
    if (group.length > 1) groups.push(group);
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return groups;
}

/**
 * The longest way from a file to one that imports nothing. Files of a circle are passed once.
 *
 * @param {Map<string, string[]>} graph
 * @returns {string[]}
 */
export function longestChain(graph) {
  /** @type {Map<string, string[]>} */
  const known = new Map();
  const chainFrom = (/** @type {string} */ file, /** @type {Set<string>} */ path) => {
    const before = known.get(file);
    if (before) return before;
    /** @type {string[]} */
    let longest = [];
    for (const next of graph.get(file) ?? []) {
      if (path.has(next)) continue;
      const chain = chainFrom(next, new Set(path).add(next));
      if (chain.length > longest.length) longest = chain;
    }
    const chain = [file, ...longest];
    known.set(file, chain);
    return chain;
  };
  return [...graph.keys()]
    .map((file) => chainFrom(file, new Set([file])))
    .reduce((longest, chain) => (chain.length > longest.length ? chain : longest), /** @type {string[]} */ ([]));
}
