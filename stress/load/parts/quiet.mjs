// @ts-check
// Memory that thousands of clients leave behind. V8 compiles hot code for hours, and the code takes far more memory
// than any leak. These servers run without its compilers, so that their heap shows leaks.

import { setTimeout as pause } from "node:timers/promises";
import { count, mustHold, round } from "../lib/figures.mjs";

const ROUNDS = 4;
const TRAFFIC = { connections: 50, rate: 600, churn: 60 };
/** How long what clients have left may take to end, in milliseconds. */
const ENDING = 6000;
/** Nothing that V8 keeps is smaller: what is left of every connection is at least this, in bytes. */
const SMALLEST = 16;

/** @param {import("../lib/figures.mjs").Context} context @returns {Promise<import("../lib/figures.mjs").Result>} */
export async function quiet({ quick, workers, say }) {
  const seconds = quick ? 4 : 40;
  const [figures, failures] = [/** @type {any[]} */ ([]), /** @type {string[]} */ ([])];
  /** @type {Record<string, any>} */
  const raw = {};
  for (const transport of /** @type {const} */ (["ws", "socket.io"])) {
    const server = await workers.serveUncompiled({ transport, kind: "guard", timeout: { action: 500 } });
    const generator = await workers.generator();
    const rounds = [];
    for (let i = 0; i < ROUNDS; i++) {
      await generator.ask({ command: "soak", targets: server.targets, ...TRAFFIC });
      for (let second = 0; second < seconds; second++) {
        await pause(1000);
        await server.ask({ command: "stir", count: 2 });
      }
      const { opened, refused, sent } = await generator.ask({ command: "endSoak" });
      await pause(ENDING);
      const { heapUsed, servers } = await server.ask({ command: "measure" });
      const [{ sessions, connections }] = servers;
      mustHold(
        failures,
        sessions + connections === 0,
        `${transport}: ${sessions} sessions, ${connections} connections`,
      );
      say(`${transport}, round ${i + 1}: ${count(opened)} connections, ${count(heapUsed)} bytes of heap at the end`);
      rounds.push({ opened, refused, sent, heapUsed });
    }
    workers.stop();
    const [{ heapUsed: first }, ...later] = rounds;
    const sum = (/** @type {"opened" | "refused" | "sent"} */ key) => later.reduce((all, one) => all + one[key], 0);
    const left = (later[later.length - 1].heapUsed - first) / sum("opened");
    mustHold(failures, quick || left < SMALLEST, `${transport}: each connection leaves ${left} bytes`);
    figures.push({
      what: `${transport}, guarded, without V8's compilers: heap with no client left, after each of ${ROUNDS} rounds of mixed traffic, churn, denials, hangs and closes; between the first and the last (connections, requests)`,
      value: `${rounds.map((one) => count(one.heapUsed)).join(", ")} bytes; ${round(left)} bytes per connection (${count(sum("opened"))}, ${count(sum("sent"))})`,
    });
    raw[transport] = { ...TRAFFIC, seconds, rounds };
  }
  return { figures, failures, raw };
}
