// @ts-check
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { machine } from "../../../bench/lib/print.mjs";
import { commit } from "../../../bench/lib/provenance.mjs";

const FOLDER = new URL("../../../bench/results/", import.meta.url);

/**
 * Keeps what was measured. The soak has a file of its own; the other parts share one, and each keeps its place there
 * when it is measured alone.
 *
 * @param {string} name
 * @param {import("./figures.mjs").Result} result
 */
export function keep(name, { figures, raw }) {
  mkdirSync(FOLDER, { recursive: true });
  const { node, load: _load, ...rest } = machine();
  const date = new Date().toISOString().slice(0, 10);
  const about = { machine: rest, node, date };
  if (name === "soak") {
    write("soak", { command: "npm run load -- --only soak --save", ...about, commit, figures, ...raw });
    return;
  }
  const file = new URL("load.json", FOLDER);
  const before = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).parts : {};
  const parts = {
    ...before,
    [name]: { command: `npm run load -- --only ${name} --save`, date, commit, figures, ...raw },
  };
  const all = Object.values(parts).flatMap((part) => part.figures);
  write("load", { command: "npm run load -- --save", ...about, figures: all, parts });
}

/** @param {string} name @param {object} results */
function write(name, results) {
  const rounded = (/** @type {string} */ _key, /** @type {unknown} */ value) =>
    typeof value === "number" ? Number(value.toPrecision(5)) : value;
  writeFileSync(new URL(`${name}.json`, FOLDER), `${JSON.stringify(results, rounded, 2)}\n`);
  console.log(`\nkept in bench/results/${name}.json`);
}
