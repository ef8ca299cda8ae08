// @ts-check
// Bans users on three guarded processes, while the log of revocations and everything around it fails:
//
//   npm run continuity                         at the root: builds first; 20 seconds for each engine
//   npm run continuity -- --minutes 30         longer
//   npm run continuity -- --only postgres      one engine
//   npm run continuity -- --seed 7             other faults
//   BROKEN=revalidation npm run continuity     shows that the run can fail

import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startPostgres, startRedis } from "../../scripts/test-servers.mjs";
import { ENGINES } from "./lib/engines.mjs";
import { FAULTS } from "./lib/faults.mjs";
import { drawsOf } from "./lib/random.mjs";
import { NodeProcess, now, Truth } from "./lib/scene.mjs";

// The servers and the processes end with this one.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

const EVERY = 2_000;
const USERS_OF_A_NODE = 6;
const TRANSPORTS = ["ws", "ws", "socket.io"];

const { only, minutes, seed } = parseArgs({
  options: {
    only: { type: "string" },
    minutes: { type: "string", default: process.env.CONTINUITY_MINUTES ?? "0.33" },
    seed: { type: "string", default: "1" },
  },
}).values;

for (const name of Object.keys(ENGINES)) {
  if (only !== undefined && name !== only) continue;
  const { truth, faults, settled } = await run(name, Number(minutes) * 60_000);
  const lags = truth.lags.sort((one, other) => one - other);
  const at = (/** @type {number} */ share) => `${(lags[Math.floor(share * (lags.length - 1))] ?? 0).toFixed(0)} ms`;
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

/** @param {string} name @param {number} milliseconds */
async function run(name, milliseconds) {
  const { start, clients, url, crash, prepare } = /** @type {import("./lib/engines.mjs").Engine} */ (ENGINES[name]);
  const draws = drawsOf(Number(seed));
  const server = await start({ startRedis, startPostgres });
  const log = await prepare(server);
  const truth = new Truth(EVERY);
  const nodes = TRANSPORTS.map((transport, at) => {
    const engine = /** @type {string} */ (clients[at % clients.length]);
    return new NodeProcess({ engine, transport, url, target: server.port, truth });
  });
  // Nothing may depend on the wall clocks, so they are up to 5 seconds wrong.
  for (const node of nodes) node.setClock(draws.between(-5_000, 5_000));
  await Promise.all(nodes.map((node) => node.start()));
  const users = nodes.flatMap((node, at) => {
    const names = Array.from({ length: USERS_OF_A_NODE }, (_, number) => `user-${at}-${number}`);
    for (const user of names) node.serve(user);
    return names;
  });
  await sleep(1_000);

  const end = now() + milliseconds;
  let faults = 0;
  const failing = async () => {
    while (now() < end) {
      await sleep(draws.between(200, 1_500));
      await FAULTS[draws.oneOf(Object.keys(FAULTS))]?.({ draws, nodes, server, crash, log });
      faults += 1;
    }
  };
  const banning = async () => {
    /** @type {Promise<void>[]} */
    const over = [];
    while (now() < end) {
      await sleep(draws.between(100, 300));
      const user = draws.oneOf(users);
      if (truth.isAllowed(user)) over.push(ban(user));
    }
    await Promise.all(over);
  };
  const ban = async (/** @type {string} */ user) => {
    const call = draws.oneOf(["revoke", "revoke", "revoke", "refresh", "nothing"]);
    truth.ban(user, call);
    if (call !== "nothing") draws.oneOf(nodes).tell({ call, user });
    await sleep(2 * EVERY + 1_000);
    truth.forgive(user);
    for (const node of nodes) node.tell({ forgive: true, user });
  };
  await Promise.all([failing(), banning()]);
  await Promise.all(nodes.map((node) => node.end()));
  await log.close();
  await server.remove();
  const settled = nodes.reduce(
    (sum, { settled: one }) => ({ durable: sum.durable + one.durable, not: sum.not + one.not }),
    { durable: 0, not: 0 },
  );
  return { truth, faults, settled };
}
