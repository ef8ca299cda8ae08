// @ts-check
// Clients in a process of their own. Does what it is told, and says what came of it.

import { monitorEventLoopDelay } from "node:perf_hooks";
import { closeAll, openMany } from "./lib/client.mjs";
import { Flooders } from "./lib/flood.mjs";
import { Soak } from "./lib/soak.mjs";
import { storm } from "./lib/storm.mjs";
import { Traffic } from "./lib/traffic.mjs";

/** @typedef {import("./lib/client.mjs").Client} Client */

/** @type {Client[]} */
let clients = [];
/** @type {Flooders | undefined} */
let flooders;
/** @type {Soak | undefined} */
let soak;
const delay = monitorEventLoopDelay({ resolution: 1 });

/** @type {Record<string, (value: any) => Promise<object>>} */
const COMMANDS = {
  async open({ target, count, from }) {
    const startedAt = performance.now();
    clients.push(...(await openMany(target, count, { from })));
    return { seconds: (performance.now() - startedAt) / 1000 };
  },
  async talk({ mix, ...options }) {
    const traffic = new Traffic(mix);
    for (const client of clients) traffic.join(client);
    delay.reset();
    delay.enable();
    await traffic.run(clients, options);
    delay.disable();
    return {
      ...traffic.result(),
      delay: delay.percentile(99) / 1e6,
      open: clients.filter((one) => !one.isEnded).length,
    };
  },
  async storm({ target, ...numbers }) {
    const { clients: opened, ...result } = await storm(target, numbers);
    clients.push(...opened);
    return result;
  },
  /** Each says many things at once that are not answered for now. */
  async pile({ action, count }) {
    for (const client of clients) {
      client.send(
        ...Array.from({ length: count }, (_, id) => client.dialect.request(id, action, { text: "x".repeat(64) })),
      );
    }
    return {};
  },
  async flood({ target, ...flood }) {
    flooders = new Flooders(target, flood);
    return flooders.run();
  },
  async soak({ targets, ...options }) {
    soak = new Soak(targets, options);
    await soak.begin();
    return {};
  },
  async soaked() {
    return /** @type {Soak} */ (soak).result();
  },
  async endSoak() {
    return /** @type {Soak} */ (soak).end();
  },
  async close() {
    flooders?.leave();
    await closeAll(clients);
    clients = [];
    return {};
  },
};

process.on("message", async (/** @type {{ command: string }} */ message) => {
  process.send?.(await COMMANDS[message.command](message));
});
// The parent process has ended.
process.on("disconnect", () => process.exit());
process.send?.("ready");
