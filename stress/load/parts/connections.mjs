// @ts-check
// Many guarded connections, idle and with traffic, in one process and in two.

import { count, mustHold, percentiles, round, size } from "../lib/figures.mjs";
import { mostSockets } from "../lib/workers.mjs";

/** @type {import("../lib/traffic.mjs").Mix} */
const MIX = [
  ["echo", 0.9],
  ["secret", 0.05],
  ["later", 0.05],
];
/** How often each connection says something. */
const EVERY = 10;
/** Connections opened before the measurement, so that code and tables are loaded. */
const FIRST = 50;

/** @param {boolean} quick */
function runsOf(quick) {
  const most = mostSockets();
  const few = (/** @type {number} */ wanted) => Math.min(most, quick ? Math.round(wanted / 20) : wanted);
  return /** @type {const} */ ([
    { transport: "ws", processes: 1, connections: few(15_000) },
    { transport: "ws", processes: 2, connections: few(19_000) },
    { transport: "socket.io", processes: 1, connections: few(5_000) },
  ]);
}

/** @param {import("../lib/figures.mjs").Context} context @returns {Promise<import("../lib/figures.mjs").Result>} */
export async function connections({ quick, workers, say }) {
  const seconds = quick ? 3 : 20;
  const [figures, failures, raw] = [/** @type {any[]} */ ([]), /** @type {string[]} */ ([]), /** @type {any[]} */ ([])];
  for (const run of runsOf(quick)) {
    const pairs = await Promise.all(Array.from({ length: run.processes }, () => openPair(workers, run)));
    const opened = pairs.map(({ opening }) => opening.seconds);
    const idle = await idleCpu(pairs, seconds);
    const rate = Math.round(run.connections / EVERY);
    const talk = { command: "talk", mix: MIX, rate, seconds, patience: 10 };
    const talked = await Promise.all(pairs.map(({ generator }) => generator.ask(talk)));
    const busy = await Promise.all(pairs.map(({ server }) => server.ask({ command: "peak" })));
    const left = await closePairs(pairs);
    workers.stop();

    const name = `${run.processes === 1 ? "" : "2 x "}${count(run.connections)} guarded ${run.transport} connections`;
    const where = run.processes === 1 ? "in one process" : "in two processes";
    for (const [index, { server, after }] of pairs.entries()) {
      void server;
      const [report] = after.servers;
      mustHold(failures, report.sessions === run.connections, `${name}: ${report.sessions} sessions are open`);
      mustHold(failures, talked[index].unanswered === 0, `${name}: ${talked[index].unanswered} are unanswered`);
      mustHold(failures, talked[index].open === run.connections, `${name}: ${talked[index].open} are still open`);
      const { wrong, strange } = talked[index];
      mustHold(failures, wrong + strange === 0, `${name}: ${wrong} wrong answers, ${strange} that nobody asked for`);
      mustHold(failures, left[index].servers[0].sessions === 0, `${name}: sessions are left`);
      mustHold(failures, left[index].servers[0].unauthorised === 0, `${name}: the gate has opened`);
    }
    const each = pairs.map(({ before, after }) => ({
      heap: (after.heapUsed - before.heapUsed) / run.connections,
      rss: (after.rss - before.rss) / run.connections,
    }));
    const mean = (/** @type {number[]} */ values) => values.reduce((sum, one) => sum + one, 0) / values.length;
    figures.push(
      {
        what: `${name} ${where}: time to open all, 100 handshakes at once for each process`,
        value: `${round(Math.max(...opened))} s`,
      },
      {
        what: `${name} ${where}, idle: heap and RSS of a server process per connection`,
        value: `${size(mean(each.map(({ heap }) => heap)))}, ${size(mean(each.map(({ rss }) => rss)))}`,
      },
      {
        what: `${name} ${where}, idle: share of a processor that a server process uses`,
        value: `${round(100 * mean(idle))} %`,
      },
      {
        what: `${name} ${where}, ${count(rate * run.processes)} requests a second: answered, unanswered`,
        value: `${count(talked.reduce((sum, one) => sum + one.answered, 0))}, ${talked.reduce((sum, one) => sum + one.unanswered, 0)}`,
      },
      {
        what: `${name} ${where}, ${count(rate * run.processes)} requests a second: latency`,
        value: talked.map(({ free }) => percentiles(free)).join("; "),
      },
    );
    say(`${name} ${where}: open in ${round(Math.max(...opened))} s`);
    raw.push({ ...run, opened, each, idle, talked, cpu: busy.map(({ cpu }) => cpu), left });
  }
  return { figures, failures, raw: { runs: raw } };
}

/**
 * A server and a generator, with all connections open.
 *
 * @param {import("../lib/workers.mjs").Workers} workers
 * @param {{ transport: import("../lib/dialects.mjs").Transport, connections: number }} run
 */
async function openPair(workers, run) {
  const server = await workers.serve({ transport: run.transport, kind: "guard" });
  const generator = await workers.generator();
  const [target] = server.targets;
  await generator.ask({ command: "open", target, count: FIRST, from: 0 });
  await generator.ask({ command: "close" });
  const before = await server.ask({ command: "measure" });
  const opening = await generator.ask({ command: "open", target, count: run.connections, from: 0 });
  const after = await server.ask({ command: "measure" });
  return { server, generator, opening, before, after };
}

/**
 * Measures the fraction of a processor that each idle server uses.
 *
 * @param {Awaited<ReturnType<typeof openPair>>[]} pairs
 * @param {number} seconds
 */
async function idleCpu(pairs, seconds) {
  await Promise.all(pairs.map(({ server }) => server.ask({ command: "peak" })));
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const after = await Promise.all(pairs.map(({ server }) => server.ask({ command: "peak" })));
  return after.map(({ cpu }) => cpu / 1e6 / seconds);
}

/** @param {Awaited<ReturnType<typeof openPair>>[]} pairs */
async function closePairs(pairs) {
  await Promise.all(pairs.map(({ generator }) => generator.ask({ command: "close" })));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return Promise.all(pairs.map(({ server }) => server.ask({ command: "measure" })));
}
