// @ts-check
// Bans users on three processes of socket.io, once by revoke() and once by disconnectSockets() over adapters of socket.io,
// with the same faults:
//
//   npm run build && node stress/continuity/compare.mjs      six runs of half a minute
//   node stress/continuity/compare.mjs --minutes 2 --seed 7
//   node stress/continuity/compare.mjs --save                keeps the figures in bench/results

import { parseArgs } from "node:util";
import { printTable } from "../../bench/lib/print.mjs";
import { provenance } from "../../bench/lib/provenance.mjs";
import { banUsers, EVERY } from "./lib/bans.mjs";
import { ENGINES } from "./lib/engines.mjs";
import { keep } from "./lib/keep.mjs";
import { count, faultsInWords, milliseconds as inMilliseconds, sumOf, sumUp } from "./lib/sums.mjs";

// The servers and the processes end with this one.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

const { minutes, seed, save } = parseArgs({
  options: {
    minutes: { type: "string", default: "0.5" },
    seed: { type: "string", default: "1" },
    save: { type: "boolean", default: false },
  },
}).values;
const about = provenance();

/** @type {Record<string, { program: string, client: string }>} */
const WAYS = {
  "revoke(), a stream of Redis": { program: "node.mjs", client: "ioredis" },
  "disconnectSockets(), redis-adapter": { program: "peer.mjs", client: "redis-adapter" },
  "disconnectSockets(), redis-streams-adapter": { program: "peer.mjs", client: "redis-streams-adapter" },
};
const engine = /** @type {import("./lib/engines.mjs").Engine} */ (ENGINES.redis);
const HEAD = [
  "ban by",
  "faults",
  "bans",
  `not held in ${EVERY} ms`,
  "broken by its own process",
  "p50",
  "p99",
  "worst",
];

/** @typedef {ReturnType<typeof sumUp> & { isFaultless: boolean, late: number, brokenHere: number }} Compared */

/** @type {Compared[]} */
const compared = [];
for (const isFaultless of [true, false]) {
  for (const [way, { program, client }] of Object.entries(WAYS)) {
    const one = { program: new URL(program, import.meta.url), transport: "socket.io", client };
    const { truth, faults } = await banUsers(engine, {
      milliseconds: Number(minutes) * 60_000,
      seed: Number(seed),
      processes: [one, one, one],
      calls: ["revoke"],
      isFaultless,
    });
    const { handed, lags, worst, violations, late, brokenHere } = truth;
    const run = { engine: way, seed: Number(seed), faults, handed, lags, worst, violations };
    compared.push({ ...sumUp(way, [run]), isFaultless, late, brokenHere });
  }
}
const rows = compared.map(({ engine: way, faults, revocations, late, brokenHere, lag }) => {
  const counts = [sumOf(faults), revocations, late, brokenHere].map(String);
  return [way, ...counts, ...[lag.p50, lag.p99, lag.worst].map((one) => inMilliseconds(one))];
});
printTable(`From a ban to the last message delivered (a ban lasts for ${2 * EVERY + 1_000} ms)`, [HEAD, ...rows]);
// Ours alone must hold. What the adapters lose is what this shows.
const broken = compared.filter(({ engine: way, violations }) => way.startsWith("revoke()") && violations > 0);
if (broken.length > 0 || compared.some(({ messages, revocations }) => messages === 0 || revocations === 0))
  process.exitCode = 1;
if (save) {
  keep("compare", about, {
    command: `node stress/continuity/compare.mjs ${process.argv.slice(2).join(" ")}`,
    figures: compared.map(figureOf),
    minutes: Number(minutes),
    sums: compared,
  });
}
process.exit();

/** For readers. @param {Compared} sum */
function figureOf({ engine: way, isFaultless, faults, revocations, messages, late, brokenHere, lag }) {
  return {
    what: `Three processes of socket.io, bans by ${way}, ${isFaultless ? "nothing fails" : "with faults"}`,
    value: [
      `${late} of ${revocations} bans not held in ${EVERY} ms`,
      `${brokenHere} broken by the process that announced them`,
      `from a ban to the last message p50 ${inMilliseconds(lag.p50)}, p99 ${inMilliseconds(lag.p99)}, worst ${inMilliseconds(lag.worst)}`,
      `${count(messages)} messages delivered`,
      faultsInWords(faults),
    ].join("; "),
  };
}
