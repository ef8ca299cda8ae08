// @ts-check
// Bans users on three guarded processes, while the log of revocations and everything around it fails:
//
//   npm run continuity                         at the root: builds first; 20 seconds for each engine
//   npm run continuity -- --minutes 30         longer
//   npm run continuity -- --only postgres      one engine
//   npm run continuity -- --seed 7             other faults
//   BROKEN=revalidation npm run continuity     shows that the run can fail

import { parseArgs } from "node:util";
import { banUsers } from "./lib/bans.mjs";
import { ENGINES } from "./lib/engines.mjs";

// The servers and the processes end with this one.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

const PROGRAM = new URL("node.mjs", import.meta.url);
/** The ways in which a ban is announced. */
const CALLS = ["revoke", "revoke", "revoke", "refresh", "nothing"];

const { only, minutes, seed } = parseArgs({
  options: {
    only: { type: "string" },
    minutes: { type: "string", default: process.env.CONTINUITY_MINUTES ?? "0.33" },
    seed: { type: "string", default: "1" },
  },
}).values;

for (const [name, engine] of Object.entries(ENGINES)) {
  if (only !== undefined && name !== only) continue;
  const { truth, faults, settled } = await banUsers(engine, {
    milliseconds: Number(minutes) * 60_000,
    seed: Number(seed),
    processes: ["ws", "ws", "socket.io"].map((transport, at) => {
      return { program: PROGRAM, transport, client: String(engine.clients[at % engine.clients.length]) };
    }),
    calls: CALLS,
  });
  const { lags } = truth;
  const at = (/** @type {number} */ share) => `${truth.lagAt(share).toFixed(0)} ms`;
  console.log(
    `${name}, seed ${seed}: ${truth.handed} messages handed on, ${lags.length} revocations, ${faults} faults`,
  );
  console.log(`  appended ${settled.durable} at once, ${settled.not} later`);
  console.log(`  from the ban to the last message handed on: p50 ${at(0.5)}, p99 ${at(0.99)}, worst ${at(1)}`);
  console.log(`  ${truth.violations.length} violations`);
  for (const violation of truth.violations.slice(0, 10)) console.log(`    ${violation}`);
  if (truth.violations.length > 0 || truth.handed === 0 || lags.length === 0) process.exitCode = 1;
}
process.exit();
