// @ts-check
import { mkdirSync, writeFileSync } from "node:fs";
import { machine, number, printTable } from "../../../bench/lib/print.mjs";
import { commit } from "../../../bench/lib/provenance.mjs";
import { HEAP_SLACK } from "./summary.mjs";
import { reasonFor } from "./unreached.mjs";

/**
 * The result of a run.
 *
 * @typedef {{ name: string } & ReturnType<typeof import("./summary.mjs").summarise>} Kind
 * @typedef {{ seed: string, minutes: number, kinds: Kind[], reached: ReturnType<import("./coverage.mjs").Coverage["report"]> }} Result
 */

/** @param {number | undefined} bytes */
const megabytes = (bytes = 0) => number(bytes / 1e6);

/** Prints what a run has shown. Answers whether all is as it must be. @param {Result} result */
export function print({ seed, minutes, kinds, reached }) {
  printTable(`Fuzzing, seed ${seed}, ${number(minutes)} minutes`, [
    ["", "inputs", "handler calls", "unauthorised", "refusals", "crashes", "heap before, MB", "after, MB", ""],
    ...kinds.map(({ name, inputs, calls, unauthorised, refusals, crashes, heap, finding }) => [
      name,
      ...[inputs, calls, unauthorised, refusals, crashes].map(String),
      megabytes(heap?.before),
      megabytes(heap?.after),
      finding?.kind ?? "",
    ]),
  ]);
  for (const { name, outcomes } of kinds) console.log(`${name}: ${JSON.stringify(outcomes)}`);
  if (reached.missed.length > 0) printReached(reached);
  let isFit = true;
  for (const { name, finding, heap } of kinds) {
    const grown = heap ? heap.after - heap.before : 0;
    if (grown > HEAP_SLACK) console.error(`\n${name}: the heap has grown by ${grown} bytes`);
    if (finding) printFinding(name, finding);
    if (finding || grown > HEAP_SLACK) isFit = false;
  }
  return isFit;
}

/** @param {string} name @param {NonNullable<Kind["finding"]>} finding */
function printFinding(name, { kind, detail, example }) {
  console.error(`\n${name}: ${kind}: ${detail}`);
  if (example === undefined) return;
  const quoted = JSON.stringify(example).replaceAll("'", "\\u0027");
  console.error(`  the smallest: npm run fuzz -- --family ${name} --example '${quoted}'`);
}

/** @param {Result["reached"]} reached */
function printReached({ sources, missed }) {
  printTable("Code that reads what clients send: how much of it was run", [
    ["file", "reached"],
    ...Object.entries(sources).map(([file, { characters, reached }]) => [
      file,
      `${number((100 * reached) / characters)} %`,
    ]),
  ]);
  console.log("\nNot reached:");
  for (const one of missed) {
    console.log(`${one.source} ${one.function}: ${one.code}\n  ${reasonFor(one) ?? "NOBODY HAS SAID WHY"}`);
  }
}

/** Keeps what a run has shown in `bench/results`. @param {string} command @param {Result} result */
export function keep(command, { kinds, reached }) {
  const missed = reached.missed.map((one) => ({ ...one, why: reasonFor(one) }));
  const kept = {
    command,
    date: new Date().toISOString().slice(0, 10),
    commit,
    node: process.version,
    machine: machine(),
    figures: figuresOf(kinds, reached),
    families: kinds,
    coverage: { ...reached, missed },
  };
  const folder = new URL("../../../bench/results/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL("fuzz.json", folder), `${JSON.stringify(kept, null, 2)}\n`);
  console.log("\nkept in bench/results/fuzz.json");
}

/** @param {readonly Kind[]} kinds @param {Result["reached"]} reached */
function figuresOf(kinds, { sources }) {
  const count = (/** @type {number} */ value) => value.toLocaleString("en-US");
  const sum = (/** @type {"inputs" | "calls" | "unauthorised" | "refusals" | "crashes"} */ key) =>
    count(kinds.reduce((total, one) => total + one[key], 0));
  const all = Object.values(sources);
  const characters = all.reduce((total, one) => total + one.characters, 0);
  const run = all.reduce((total, one) => total + one.reached, 0);
  return [
    { what: `Fuzzed inputs in all, in ${kinds.length} families`, value: sum("inputs") },
    ...kinds.map(({ what, inputs }) => ({ what: `Fuzzed inputs: ${what}`, value: count(inputs) })),
    {
      what: "Handler calls under fuzzing, each judged again by an independent reading of its input",
      value: sum("calls"),
    },
    { what: "Handler calls under fuzzing that the policy does not allow", value: sum("unauthorised") },
    {
      what: "Refusals under fuzzing, at most one for each request, those of the HTTP parser of Node included",
      value: sum("refusals"),
    },
    {
      what: "Crashes, unhandled rejections and well-behaved clients that were not served, under fuzzing",
      value: sum("crashes"),
    },
    { what: "Code that reads what clients send, run under fuzzing", value: `${number((100 * run) / characters)} %` },
    ...kinds.map(({ name, heap }) => ({
      what: `Heap of the server halfway through the fuzzing of ${name} and at its end, after a collection`,
      value: `${megabytes(heap?.before)} MB, ${megabytes(heap?.after)} MB`,
    })),
  ];
}
