// @ts-check
// What a connection takes, and a message that waits to be decided: above a server without a guard.

import { count, middle, mustHold, size } from "../lib/figures.mjs";

/** As many as may wait on one connection by default, and the one that is being decided. */
const PILE = 101;
const FIRST = 50;
const MINUTE = 60_000;

/** @param {import("../lib/figures.mjs").Context} context @returns {Promise<import("../lib/figures.mjs").Result>} */
export async function memory({ quick, crew, say }) {
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
        one[kind] = await measure(crew, { transport, kind, connections, piled });
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
 * @param {import("../lib/crew.mjs").Crew} crew
 * @param {{ transport: import("../lib/dialects.mjs").Transport, kind: "hand" | "guard", connections: number, piled: number }} of
 */
async function measure(crew, { transport, kind, connections, piled }) {
  const server = await crew.serve({ transport, kind, isCounted: false, timeout: { action: MINUTE } });
  const generator = await crew.generator();
  const [target] = server.targets;
  try {
    await generator.ask({ command: "open", target, count: FIRST, from: 0 });
    await generator.ask({ command: "pile", action: "wait", count: 2 });
    await generator.ask({ command: "close" });
    const before = await settled(server);
    await generator.ask({ command: "open", target, count: connections, from: 0 });
    const after = await settled(server);
    const [{ connections: open }] = after.servers;
    await generator.ask({ command: "close" });
    await generator.ask({ command: "open", target, count: piled, from: 0 });
    const bare = await settled(server);
    await generator.ask({ command: "pile", action: "wait", count: PILE });
    const full = await settled(server);
    return {
      open,
      heap: (after.heapUsed + after.external - before.heapUsed - before.external) / connections,
      rss: (after.rss - before.rss) / connections,
      pendingHeap: (full.heapUsed + full.external - bare.heapUsed - bare.external) / (piled * PILE),
      pendingRss: (full.rss - bare.rss) / (piled * PILE),
    };
  } finally {
    crew.stop();
  }
}

/** What there is once nothing is on its way any more. @param {import("../lib/crew.mjs").ServerProcess} server */
async function settled(server) {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return server.ask({ command: "measure" });
}
