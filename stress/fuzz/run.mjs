// @ts-check
// Inputs that nobody should send, until there were enough of them.
//
//   npm run fuzz -- [--minutes 60] [--seed 1] [--family frames] [--lanes 1] [--save]
//   npm run fuzz -- --family frames --batch 17 --seed 1
//   npm run fuzz -- --family frames --example '[{ "token": "ann", "steps": ["..."] }]'

import { parseArgs } from "node:util";
import { number } from "../../bench/lib/print.mjs";
import { families } from "./families/index.mjs";
import { Coverage } from "./lib/coverage.mjs";
import { readDecoders } from "./lib/decoders.mjs";
import { replay } from "./lib/drive.mjs";
import { keep, print } from "./lib/report.mjs";
import { GOALS, summarise } from "./lib/summary.mjs";
import { driveInThread } from "./lib/thread.mjs";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
    family: { type: "string" },
    batch: { type: "string" },
    example: { type: "string" },
    lanes: { type: "string", default: "1" },
    save: { type: "boolean", default: false },
  },
});
const { seed, family: only, batch } = values;
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error("--minutes needs a number above 0");
const chosen = families.filter(({ name }) => only === undefined || name === only);
if (chosen.length === 0) throw new Error(`there is no such family: ${families.map(({ name }) => name).join(", ")}`);

if (values.example !== undefined) {
  const { found, calls, unauthorised } = await replay(/** @type {Family} */ (chosen[0]), JSON.parse(values.example));
  console.log(
    found ? `${found.kind}: ${found.detail}` : `nothing: ${calls} handler calls, ${unauthorised} unauthorised`,
  );
  process.exit(found ? 1 : 0);
}

const begun = Date.now();
const until = begun + minutes * 60_000;
const coverage = new Coverage();
/** Inputs of each family with block coverage, which is slower. */
const COVERED = 20_000;
/** The numbers of the batches of two parts are so far apart. */
const BETWEEN = 1_000_000;

/** @typedef {import("./lib/drive.mjs").Family} Family */

/** A part of a family: parts run side by side, each with batches of its own. @param {Family} family @param {number} part */
async function run(family, part) {
  const { goal, parts } = /** @type {{ goal: number, parts: number }} */ (GOALS[family.name]);
  const setting = { seed, first: part * BETWEEN, inputs: goal / parts, until };
  if (batch !== undefined) return [await driveInThread(family.name, { ...setting, first: Number(batch), inputs: 1 })];
  const played = [];
  if (part === 0) {
    const covered = await driveInThread(family.name, {
      ...setting,
      flags: ["covered"],
      inputs: Math.min(setting.inputs, COVERED),
    });
    coverage.add(covered.covered);
    played.push(covered);
    if (covered.finding) return played;
  }
  const [{ batches, inputs } = { batches: 0, inputs: 0 }] = played;
  played.push(
    await driveInThread(family.name, { ...setting, first: setting.first + batches, inputs: setting.inputs - inputs }),
  );
  return played;
}

const partsOf = (/** @type {Family} */ { name }) => (batch === undefined ? (GOALS[name]?.parts ?? 1) : 1);

/** @type {Map<string, import("./lib/thread.mjs").Run[]>} */
const played = new Map(chosen.map(({ name }) => [name, []]));
// Those in memory can use all the time there is, so they come last.
const waiting = chosen
  .flatMap((family) => Array.from({ length: partsOf(family) }, (_, part) => ({ family, part })))
  .sort((one, other) => Number(one.family.isInMemory) - Number(other.family.isInMemory));
const lane = async () => {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { family, part } = next;
    const runs = await run(family, part);
    played.get(family.name)?.push(...runs);
    const inputs = runs.reduce((sum, one) => sum + one.inputs, 0);
    console.log(
      `${family.name}, part ${part + 1}: ${inputs} inputs, after ${number((Date.now() - begun) / 60_000)} min`,
    );
  }
};
await Promise.all(Array.from({ length: Number(values.lanes) }, lane));

/** @type {import("./lib/report.mjs").Result} */
const result = {
  seed,
  minutes: (Date.now() - begun) / 60_000,
  kinds: chosen
    .map((family) => ({ name: family.name, ...summarise(family, played.get(family.name) ?? []) }))
    // There may have been no time for it.
    .filter(({ inputs, finding }) => inputs > 0 || finding),
  reached: coverage.report(readDecoders()),
};
if (!print(result)) process.exitCode = 1;
else if (values.save) {
  const lanes = values.lanes === "1" ? "" : ` --lanes ${values.lanes}`;
  keep(`npm run fuzz -- --minutes ${values.minutes} --seed ${seed}${lanes} --save`, result);
}
