// @ts-check
// A rule that never answers, for one of a hundred requests.

import { count, milliseconds, mustHold, percentiles } from "../lib/figures.mjs";

/** @type {Record<string, import("../lib/traffic.mjs").Mix>} */
const MIXES = {
  without: [["echo", 1]],
  with: [
    ["echo", 0.99],
    ["hang", 0.01],
  ],
};

/** @param {import("../lib/figures.mjs").Context} context @returns {Promise<import("../lib/figures.mjs").Result>} */
export async function hangs({ quick, workers, say }) {
  const seconds = quick ? 4 : 30;
  const [figures, failures] = [/** @type {any[]} */ ([]), /** @type {string[]} */ ([])];
  /** @type {Record<string, any>} */
  const raw = {};
  for (const transport of /** @type {const} */ (["ws", "socket.io"])) {
    const connections = quick ? 200 : transport === "ws" ? 2000 : 1000;
    const server = await workers.serve({ transport, kind: "guard" });
    const generator = await workers.generator();
    const [target] = server.targets;
    await generator.ask({ command: "open", target, count: connections, from: 0 });
    /** @type {Record<string, any>} */
    const runs = {};
    for (const [name, mix] of Object.entries(MIXES)) {
      runs[name] = await generator.ask({ command: "talk", mix, rate: connections, seconds, patience: 15 });
      const { unanswered, wrong, strange } = runs[name];
      mustHold(failures, unanswered === 0, `${transport} ${name}: ${unanswered} are unanswered`);
      mustHold(
        failures,
        wrong + strange === 0,
        `${transport} ${name}: ${wrong} wrong answers, ${strange} nobody asked for`,
      );
    }
    const report = (await server.ask({ command: "measure" })).servers[0];
    await generator.ask({ command: "close" });
    workers.stop();
    mustHold(failures, report.unauthorised === 0, `${transport}: the gate has opened`);
    mustHold(failures, report.sessions === connections, `${transport}: ${report.sessions} sessions are open`);
    const { hanging, free } = runs.with;
    const what = `${count(connections)} ${transport} connections, each one request a second, the rule hangs for 1 % of them`;
    figures.push(
      {
        what: `${what}: hanging requests, answered 503 after (median; longest, behind another on its connection; deadline 5 s)`,
        value: `${count(hanging.count)}, ${milliseconds(hanging.p50)}, ${milliseconds(hanging.max)}`,
      },
      { what: `${what}: latency of requests on other connections`, value: percentiles(free) },
      { what: `${what}: the same before any rule hung`, value: percentiles(runs.without.free) },
    );
    say(`${what}: others ${percentiles(free)}`);
    raw[transport] = { connections, ...runs, report };
  }
  return { figures, failures, raw };
}
