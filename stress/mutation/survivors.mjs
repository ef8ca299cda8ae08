// @ts-check

import { readFileSync } from "node:fs";

/** @typedef {{ start: Position, end: Position }} Location */
/** @typedef {{ line: number, column: number }} Position Both count from 1. */

const MOST = 120;

/** One line of it, cut where it is long. */
function short(/** @type {string} */ text) {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > MOST ? `${line.slice(0, MOST)}...` : line;
}

/**
 * The key of a mutant, which does not depend on line numbers: its file, the original lines and the mutated lines.
 *
 * @param {string} file
 * @param {string} source
 * @param {{ replacement?: string, location: Location }} mutant
 */
export function keyOf(file, source, { replacement = "", location: { start, end } }) {
  const lines = source.split("\n").slice(start.line - 1, end.line);
  const head = (lines[0] ?? "").slice(0, start.column - 1);
  const tail = (lines.at(-1) ?? "").slice(end.column - 1);
  return `${file}: ${short(lines.join("\n"))} → ${short(head + replacement + tail)}`;
}

/**
 * The survivors that README.md explains, by their keys.
 *
 * @returns {Map<string, string>} Why each changes nothing.
 */
export function explained() {
  const text = readFileSync(new URL("README.md", import.meta.url), "utf8");
  const list = new Map();
  let file = "";
  for (const line of text.split("\n")) {
    file = line.match(/^### `(.+)`$/)?.[1] ?? file;
    const [, , before, , after, why] = line.match(/^- (`+) ?(.+?) ?\1 → (`+) ?(.*?) ?\3: (.+)$/) ?? [];
    if (why) list.set(`${file}: ${before} → ${after}`, why);
  }
  return list;
}
