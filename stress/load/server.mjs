// @ts-check
// Servers in a process of their own: says their ports, then answers what it is asked. Argument: their setups, as JSON.

import { startServer } from "./servers/server.mjs";

const SAMPLE = 100;

/** @type {import("./servers/server.mjs").Setup[]} */
const setups = JSON.parse(process.argv[2]);
const servers = await Promise.all(setups.map(startServer));
let peak = process.memoryUsage();
let fromCpu = process.cpuUsage();

function sample() {
  const now = process.memoryUsage();
  for (const key of /** @type {const} */ (["rss", "heapUsed", "external"])) peak[key] = Math.max(peak[key], now[key]);
}
setInterval(sample, SAMPLE);

/** By kind: what keeps the process alive. */
function resources() {
  /** @type {Record<string, number>} */
  const kinds = {};
  for (const kind of process.getActiveResourcesInfo()) kinds[kind] = (kinds[kind] ?? 0) + 1;
  return kinds;
}

const report = () => ({ servers: servers.map((server) => server.report()) });

/** @type {Record<string, (value: any) => object | Promise<object>>} */
const COMMANDS = {
  /** Measures the server after a garbage collection. */
  measure() {
    for (let i = 0; i < 4; i++) globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    return { ...report(), rss, heapUsed, external, resources: resources() };
  },
  /** The most memory since it was asked last, and the processor time in microseconds. */
  peak() {
    sample();
    const { rss, heapUsed, external } = peak;
    const { user, system } = process.cpuUsage(fromCpu);
    peak = process.memoryUsage();
    fromCpu = process.cpuUsage();
    return { ...report(), rss, heapUsed, external, cpu: user + system };
  },
  /** Ends some connections from the server's side, asks others again who they are, and puts the same rules in force. */
  stir({ count }) {
    for (const server of servers) server.stir(count);
    return {};
  },
  async close() {
    await Promise.all(servers.map((server) => server.close()));
    return report();
  },
};

process.on("message", async (/** @type {{ command: string }} */ message) => {
  process.send?.(await COMMANDS[message.command](message));
});
// The parent process has ended.
process.on("disconnect", () => process.exit());
process.send?.({ pid: process.pid, ports: servers.map(({ port }) => port) });
