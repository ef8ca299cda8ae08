// @ts-check
// Bans users on three processes of socket.io, once by revoke() and once by disconnectSockets() over adapters of socket.io,
// with the same faults:
//
//   npm run build && node stress/continuity/compare.mjs      six runs of half a minute
//   node stress/continuity/compare.mjs --minutes 2 --seed 7

import { parseArgs } from "node:util";
import { printTable } from "../../bench/lib/print.mjs";
import { banUsers, EVERY } from "./lib/bans.mjs";
import { ENGINES } from "./lib/engines.mjs";
import { sumOf } from "./lib/sums.mjs";

// The servers and the processes end with this one.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

const { minutes, seed } = parseArgs({
  options: { minutes: { type: "string", default: "0.5" }, seed: { type: "string", default: "1" } },
}).values;

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

/** @type {string[][]} */
const rows = [];
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
    const counts = [sumOf(faults), truth.lags.length, truth.late, truth.brokenHere].map(String);
    const lags = [0.5, 0.99, 1].map((share) => `${truth.lagAt(share).toFixed(0)} ms`);
    rows.push([way, ...counts, ...lags]);
  }
}
printTable(`From a ban to the last message handed on (a ban lasts for ${2 * EVERY + 1_000} ms)`, [HEAD, ...rows]);
process.exit();
