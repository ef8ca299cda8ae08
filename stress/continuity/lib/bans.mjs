// @ts-check
import { setTimeout as sleep } from "node:timers/promises";
import { startPostgres, startRedis } from "../../../scripts/test-servers.mjs";
import { FAULTS } from "./faults.mjs";
import { drawsOf } from "./random.mjs";
import { NodeProcess, now, Truth } from "./scene.mjs";

/** Milliseconds in which a ban must hold. */
export const EVERY = 2_000;
const USERS_OF_A_PROCESS = 6;

/**
 * @typedef {object} BanRun
 * @property {number} milliseconds
 * @property {number} seed
 * @property {{ program: URL, transport: string, client: string }[]} processes `client` is that of the log
 * @property {readonly string[]} calls the ways in which a ban is announced; "nothing" is one
 * @property {boolean} [isFaultless] nothing fails
 */

/**
 * Bans users of guarded processes, and forgives them, while the log of revocations and everything around it fails.
 *
 * @param {import("./engines.mjs").Engine} engine
 * @param {BanRun} options
 */
export async function banUsers({ start, url, crash, prepare }, options) {
  const draws = drawsOf(options.seed);
  const server = await start({ startRedis, startPostgres });
  const log = await prepare(server);
  const truth = new Truth(EVERY);
  const nodes = options.processes.map((one) => new NodeProcess({ ...one, url, target: server.port, truth }));
  // Nothing may depend on the wall clocks, so they are up to 5 seconds wrong.
  for (const node of nodes) node.setClock(draws.between(-5_000, 5_000));
  await Promise.all(nodes.map((node) => node.start()));
  const users = nodes.flatMap((node, at) => {
    const names = Array.from({ length: USERS_OF_A_PROCESS }, (_, number) => `user-${at}-${number}`);
    for (const user of names) node.serve(user);
    return names;
  });
  await sleep(1_000);

  const end = now() + options.milliseconds;
  /** @type {Record<string, number>} */
  const faults = {};
  const failing = async () => {
    while (now() < end && !options.isFaultless) {
      await sleep(draws.between(200, 1_500));
      const kind = draws.oneOf(Object.keys(FAULTS));
      await FAULTS[kind]?.({ draws, nodes, server, crash, log });
      faults[kind] = (faults[kind] ?? 0) + 1;
    }
  };
  await Promise.all([failing(), banning({ draws, nodes, truth, users, end, calls: options.calls })]);
  await Promise.all(nodes.map((node) => node.end()));
  await log.close();
  await server.remove();
  const settled = { durable: 0, not: 0 };
  for (const { settled: one } of nodes) {
    settled.durable += one.durable;
    settled.not += one.not;
  }
  return { truth, faults, settled };
}

/**
 * @param {{ draws: ReturnType<typeof drawsOf>, nodes: NodeProcess[], truth: Truth, users: string[], end: number,
 *   calls: readonly string[] }} scene
 */
async function banning({ draws, nodes, truth, users, end, calls }) {
  const ban = async (/** @type {string} */ user) => {
    const call = draws.oneOf(calls);
    truth.ban(user, call);
    if (call !== "nothing") draws.oneOf(nodes).tell({ call, user });
    await sleep(2 * EVERY + 1_000);
    truth.forgive(user);
    for (const node of nodes) node.tell({ forgive: true, user });
  };
  /** @type {Promise<void>[]} */
  const over = [];
  while (now() < end) {
    await sleep(draws.between(100, 300));
    const user = draws.oneOf(users);
    if (truth.isAllowed(user)) over.push(ban(user));
  }
  await Promise.all(over);
}
