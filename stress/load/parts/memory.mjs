// @ts-check
// Memory of a connection and of a message that waits for its decision, above an unguarded server.

import { count, middle, mustHold, size } from "../lib/figures.mjs";

/** As many as may wait on one connection by default, and the one that is being decided. */
const PILE = 101;
const FIRST = 50;
const MINUTE = 60_000;

/** @param {import("../lib/figures.mjs").Context} context @returns {Promise<import("../lib/figures.mjs").Result>} */
export async function memory({ quick, workers, say }) {
  const [figures, failures] = [/** @type {any[]} */ ([]), /** @type {string[]} */ ([])];
  /** @type {Record<string, any>} */
  const raw = {};
  for (const transport of /** @type {const} */ (["ws", "socket.io"])) {
    const connections = (transport === "ws" ? 5000 : 2000) / (quick ? 20 : 1);
    const piled = quick ? 50 : 500;
    const rounds = [];
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      /** @type {Record<string, any>} */
      const one = {};
      for (const kind of /** @type {const} */ (round % 2 === 0 ? ["hand", "guard"] : ["guard", "hand"])) {
        one[kind] = await measure(workers, { transport, kind, connections, piled });
        const { open } = one[kind];
        mustHold(failures, open === connections, `${kind} ${transport}: ${open} are open`);
      }
      rounds.push(one);
    }
    const of = (/** @type {string} */ kind, /** @type {string} */ what) =>
      middle(
        rounds.map((one) => one[kind][what]),
        size,
      );
    const names = { guard: "guarded", hand: "checked by hand" };
    for (const [kind, name] of Object.entries(names)) {
      figures.push(
        {
          what: `memory per idle ${transport} connection, ${name} (${count(connections)} connections): heap; RSS`,
          value: `${of(kind, "heap")}; ${of(kind, "rss")}`,
        },
        {
          what: `memory per ${transport} message of 110 bytes that waits for a rule, ${name} (${PILE} messages on each of ${piled} connections): heap; RSS`,
          value: `${of(kind, "pendingHeap")}; ${of(kind, "pendingRss")}`,
        },
      );
    }
    say(`${transport}: ${of("guard", "heap")} per guarded connection, ${of("hand", "heap")} by hand`);
    raw[transport] = { connections, piled, pile: PILE, rounds };
  }
  return { figures, failures, raw };
}

/**
 * Each in a server of its own, whose memory nobody has used before.
 *
 * @param {import("../lib/workers.mjs").Workers} workers
 * @param {{ transport: import("../lib/dialects.mjs").Transport, kind: "hand" | "guard", connections: number, piled: number }} of
 */
async function measure(workers, { transport, kind, connections, piled }) {
  const setup = { transport, kind, isCounted: false, timeout: { action: MINUTE } };
  const idle = await grown(workers, setup, ({ open }) => open(connections));
  const pending = await grown(
    workers,
    setup,
    ({ pile }) => pile(PILE),
    ({ open }) => open(piled),
  );
  return {
    open: idle.open,
    heap: idle.heap / connections,
    rss: idle.rss / connections,
    pendingHeap: pending.heap / (piled * PILE),
    pendingRss: pending.rss / (piled * PILE),
  };
}

/**
 * By how much a server grows.
 *
 * @typedef {{ open(count: number): Promise<any>, pile(count: number): Promise<any> }} Clients
 *
 * @param {import("../lib/workers.mjs").Workers} workers
 * @param {import("../lib/workers.mjs").Setup} setup
 * @param {(clients: Clients) => Promise<any>} act
 * @param {(clients: Clients) => Promise<any>} [prepare]
 */
async function grown(workers, setup, act, prepare) {
  const server = await workers.serve(setup);
  const generator = await workers.generator();
  const [target] = server.targets;
  /** @type {Clients} */
  const clients = {
    open: (count) => generator.ask({ command: "open", target, count, from: 0 }),
    pile: (count) => generator.ask({ command: "pile", action: "wait", count }),
  };
  try {
    await clients.open(FIRST);
    await clients.pile(1);
    await generator.ask({ command: "close" });
    while ((await settled(server)).servers[0].connections > 0);
    await prepare?.(clients);
    const before = await settled(server);
    await act(clients);
    const after = await settled(server);
    return {
      open: after.servers[0].connections,
      heap: after.heapUsed + after.external - before.heapUsed - before.external,
      rss: after.rss - before.rss,
    };
  } finally {
    workers.stop();
  }
}

/** Measures a server once it is idle. @param {import("../lib/workers.mjs").ServerProcess} server */
async function settled(server) {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return server.ask({ command: "measure" });
}
