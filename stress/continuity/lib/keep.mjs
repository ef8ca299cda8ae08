// @ts-check
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const FILE = new URL("../../../bench/results/continuity.json", import.meta.url);

/**
 * Keeps what one kind of run has shown in `bench/results`, beside what is there of the other kinds.
 *
 * @param {string} kind
 * @param {ReturnType<typeof import("../../../bench/lib/provenance.mjs").provenance>} about
 * @param {{ command: string, figures: { what: string, value: string }[] }} result and what else there is to keep
 */
export function keep(kind, about, result) {
  const { command, figures, ...rest } = result;
  const { kinds } = existsSync(FILE) ? JSON.parse(readFileSync(FILE, "utf8")) : { kinds: {} };
  const all = { ...kinds, [kind]: { command, ...about, figures, ...rest } };
  writeFileSync(FILE, `${JSON.stringify({ kinds: all }, undefined, 2)}\n`);
  console.log("kept in bench/results/continuity.json");
}
