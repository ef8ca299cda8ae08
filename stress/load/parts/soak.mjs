// @ts-check
// A long time under traffic of all kinds: nothing may grow.

import { count, mustHold, round, size } from "../lib/figures.mjs";
import { leastSquares } from "../lib/statistics.mjs";

/** Seconds between two looks at the server. */
const SAMPLE = 10;
/** The first part of the time, while code is compiled and tables find their size. */
const WARMING = 0.25;
/** Fewer looks, as on a busy machine, are too few to judge the heap. */
const PRESENT = 0.95;
/** Thresholds of growth: standard errors, and the fraction of the heap in a minute. */
const SIGNIFICANT = 3;
const NOTICEABLE = 0.0005;

/** @param {import("../lib/figures.mjs").Context} context @returns {Promise<import("../lib/figures.mjs").Result>} */
export async function soak({ quick, minutes, workers, say }) {
  /** @type {string[]} */
  const failures = [];
  const options = { connections: quick ? 50 : 250, rate: quick ? 200 : 400, churn: quick ? 5 : 10 };
  const limits = { timeout: { action: 2000 } };
  const server = await workers.serve(
    { transport: "ws", kind: "guard", ...limits },
    { transport: "socket.io", kind: "guard", ...limits },
  );
  const generator = await workers.generator();
  const first = await server.ask({ command: "measure" });
  await generator.ask({ command: "soak", targets: server.targets, ...options });
  const samples = await watch(server, generator, minutes, say);
  const talked = await generator.ask({ command: "endSoak" });
  await new Promise((resolve) => setTimeout(resolve, 6000));
  const last = await server.ask({ command: "measure" });
  workers.stop();

  const { unanswered, wrong, strange, failed } = talked;
  mustHold(failures, unanswered + wrong + strange + failed === 0, `answers: ${JSON.stringify(talked)}`);
  for (const { sessions, connections, unauthorised } of last.servers) {
    mustHold(failures, sessions + connections === 0, `${sessions} sessions, ${connections} connections are left`);
    mustHold(failures, unauthorised === 0, "the gate has opened");
  }
  const all = samples.slice(Math.ceil(samples.length * WARMING));
  const warm = quick ? all : all.filter(({ sessions }) => sessions >= PRESENT * 2 * options.connections);
  const slope = (/** @type {(sample: any) => number} */ read) =>
    leastSquares(warm.map((one) => [one.minute, read(one)]));
  const slopes = {
    heap: slope((one) => one.heapUsed + one.external),
    rss: slope((one) => one.rss),
    handles: slope((one) => one.handles),
    sessions: slope((one) => one.sessions),
  };
  const { slope: growth, standardError, mean } = slopes.heap;
  const grows = growth > SIGNIFICANT * standardError && growth > NOTICEABLE * mean;
  mustHold(failures, quick || !grows, `the heap grows: ${JSON.stringify(slopes.heap)}`);
  const time = `${minutes} min of mixed traffic, churn, denials, hangs and closes on ${2 * options.connections} connections of ws and socket.io`;
  const line = (/** @type {ReturnType<typeof leastSquares>} */ of, /** @type {(value: number) => string} */ show) =>
    `${show(of.slope)} per minute, standard error ${show(of.standardError)}, mean ${show(of.mean)}, ${of.count} samples`;
  const figures = [
    {
      what: `${time}: requests, connections opened, refused at the door, closed in any way`,
      value: [talked.sent, talked.opened, talked.refused, talked.left + talked.shownOut].map(count).join(", "),
    },
    {
      what: `${time}: unanswered, answered wrongly or twice, handled without permission`,
      value: `${unanswered}, ${wrong + strange}, ${last.servers.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.unauthorised, 0)}`,
    },
    {
      what: `${time}: heap after garbage collection, slope of least squares after the first quarter`,
      value: line(slopes.heap, size),
    },
    { what: `${time}: RSS, slope of least squares after the first quarter`, value: line(slopes.rss, size) },
    {
      what: `${time}: handles (sockets, timers, servers), slope of least squares after the first quarter`,
      value: line(slopes.handles, round),
    },
    {
      what: `${time}: sessions, sockets and heap once all clients are gone (heap before the first)`,
      value: `${last.servers.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.sessions, 0)}, ${last.resources.TCPSocketWrap ?? 0}, ${size(last.heapUsed)} (${size(first.heapUsed)})`,
    },
  ];
  return { figures, failures, raw: { minutes, ...options, slopes, talked, first, last, samples } };
}

/**
 * @param {import("../lib/workers.mjs").ServerProcess} server
 * @param {import("../lib/workers.mjs").Process} generator
 * @param {number} minutes
 * @param {(line: string) => void} say
 */
async function watch(server, generator, minutes, say) {
  const startedAt = performance.now();
  const samples = [];
  for (let at = SAMPLE; at <= minutes * 60; at += SAMPLE) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, startedAt + at * 1000 - performance.now())));
    await server.ask({ command: "stir", count: 2 });
    const { rss, heapUsed, external, resources, servers } = await server.ask({ command: "measure" });
    const handles = Object.values(/** @type {Record<string, number>} */ (resources)).reduce((sum, one) => sum + one, 0);
    const sessions = servers.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.sessions, 0);
    samples.push({
      minute: (performance.now() - startedAt) / 60_000,
      rss,
      heapUsed,
      external,
      handles,
      resources,
      sessions,
    });
    if (at % 60 === 0) {
      const { answered, open } = await generator.ask({ command: "soaked" });
      say(
        `${at / 60} min: heap ${size(heapUsed)}, ${handles} handles, ${sessions} sessions, ${open} clients, ${count(answered)} answered`,
      );
    }
  }
  return samples;
}
