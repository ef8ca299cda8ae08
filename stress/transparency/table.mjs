// @ts-check
// Writes the tests that differ into docs/transparency.md, between its marks.
import { readFileSync, writeFileSync } from "node:fs";
import { EXPECTED } from "./expected.mjs";

const PAGE = new URL("../../docs/transparency.md", import.meta.url);

/** @typedef {{ suite: "ws" | "socketio", rule: "allow" | "later", tests: number, found: readonly string[] }} Result */

/** @param {readonly Result[]} results */
export function saveTable(results) {
  let page = readFileSync(PAGE, "utf8");
  for (const suite of /** @type {const} */ (["ws", "socketio"])) {
    const own = results.filter((result) => result.suite === suite);
    if (own.length > 0) page = replaceBetween(page, suite, tableOf(suite, own));
  }
  writeFileSync(PAGE, page);
}

/**
 * @param {"ws" | "socketio"} suite
 * @param {readonly Result[]} results
 */
function tableOf(suite, results) {
  const counts = results.map(
    ({ rule, tests, found }) => `| ${rule === "allow" ? "`AllowAny`" : "an async rule"} | ${tests} | ${found.length} |`,
  );
  const rows = EXPECTED[suite].map(({ title, rules, reason }) => `| ${title} | ${rules.join(", ")} | ${reason} |`);
  const differing = rows.length === 0 ? [] : ["", "| test | rule | reason |", "|---|---|---|", ...rows];
  return [
    "| guard | tests that pass without it | of these fail with it |",
    "|---|---|---|",
    ...counts,
    ...differing,
  ].join("\n");
}

/**
 * @param {string} page
 * @param {string} mark
 * @param {string} text
 */
function replaceBetween(page, mark, text) {
  const [start, end] = [`<!-- ${mark} -->`, `<!-- /${mark} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/transparency.md has no ${start} ... ${end}`);
  return `${page.slice(0, from + start.length)}\n${text}\n${page.slice(to)}`;
}
