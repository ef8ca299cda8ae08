// @ts-check
import { setTimeout as sleep } from "node:timers/promises";

/**
 * @typedef {object} Stage
 * @property {ReturnType<import("./random.mjs").drawsOf>} draws
 * @property {import("./scene.mjs").NodeProcess[]} nodes
 * @property {import("./engines.mjs").LogServer} server of the log
 * @property {NodeJS.Signals} crash the signal that ends the server as a crash does
 * @property {import("./engines.mjs").PreparedLog} log
 */

/** Milliseconds by which the wall clock of a process is wrong at most. */
const APART = 5_000;

/** @type {Record<string, (stage: Stage) => Promise<unknown>>} */
export const FAULTS = {
  async "kill -9 of a process"({ draws, nodes }) {
    const node = draws.oneOf(nodes);
    await node.kill();
    await sleep(draws.between(0, 500));
    await node.start();
  },
  async "crash of the server"({ draws, server, crash }) {
    await server.kill(crash);
    await sleep(draws.between(0, 3_000));
    await server.start();
  },
  async "server suspended"({ draws, server }) {
    await server.kill("SIGSTOP");
    await sleep(draws.between(200, 3_000));
    await server.kill("SIGCONT");
  },
  "records deleted": ({ log }) => log.wipe().catch(() => undefined),
  async "failover to a stale replica"({ draws, nodes, server, log }) {
    await log.failOver(draws.between(300, 2_500));
    for (const { proxy } of nodes) proxy.aim(server.port);
  },
  async "wall clock set"({ draws, nodes }) {
    draws.oneOf(nodes).setClock(draws.between(-APART, APART));
  },
  "no network": (stage) => network(stage, "deaf"),
  "answers lost": (stage) => network(stage, "mute"),
  async "event loop stalled"({ draws, nodes }) {
    draws.oneOf(nodes).tell({ milliseconds: draws.between(200, 2_500) });
  },
};

/** @param {Stage} stage @param {"deaf" | "mute"} mode */
async function network({ draws, nodes }, mode) {
  const node = draws.oneOf(nodes);
  node.proxy.set(mode);
  await sleep(draws.between(200, 5_000));
  node.proxy.set("open");
}
