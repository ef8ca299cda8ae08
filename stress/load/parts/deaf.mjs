// @ts-check
// Clients that send what is refused as fast as they can, and never read what they are answered.

import { count, mustHold, round, size } from "../lib/figures.mjs";

/** A server whose memory grows is stopped here: there is nothing more to learn. */
const MOST_RSS = 2 * 2 ** 30;

/** @param {import("../lib/figures.mjs").Context} context @returns {Promise<import("../lib/figures.mjs").Result>} */
export async function deaf({ quick, crew, say }) {
  const [seconds, clients] = quick ? [4, 20] : [30, 100];
  const [figures, failures, raw] = [/** @type {any[]} */ ([]), /** @type {string[]} */ ([]), /** @type {any[]} */ ([])];
  const runs = /** @type {const} */ ([
    { transport: "ws", kind: "guard", says: "secret" },
    { transport: "ws", kind: "guard", says: "later" },
    { transport: "ws", kind: "hand", says: "secret" },
    { transport: "ws", kind: "guard", says: "long" },
    { transport: "socket.io", kind: "guard", says: "secret" },
    { transport: "socket.io", kind: "guard", says: "long" },
    { transport: "socket.io", kind: "hand", says: "secret" },
  ]);
  for (const { transport, kind, says } of runs) {
    const server = await crew.serve({ transport, kind });
    const generator = await crew.generator();
    const [target] = server.targets;
    const before = await server.ask({ command: "measure" });
    await server.ask({ command: "peak" });
    const flooding = generator.ask({ command: "flood", target, count: clients, seconds, says, isReading: false });
    const samples = await watch(server, seconds);
    const isCut = /** @type {any} */ (samples.at(-1)).rss > MOST_RSS;
    // One that grows without end would not come to an end of closing either.
    if (isCut) crew.stop();
    const flooded = await (isCut ? { returns: 0 } : flooding);
    const left = isCut ? undefined : await closed(server, generator);
    crew.stop();

    const peak =
      Math.max(...samples.map(({ heapUsed, external }) => heapUsed + external)) - before.heapUsed - before.external;
    const rss = Math.max(...samples.map((one) => one.rss)) - before.rss;
    const last = /** @type {any} */ (samples.at(-1)).servers[0];
    const refused = Object.values(/** @type {Record<string, number>} */ (last.refused)).reduce(
      (sum, one) => sum + one,
      0,
    );
    const isGuarded = kind === "guard";
    mustHold(failures, !(isGuarded && isCut), `${transport}: a guarded server has grown to ${size(MOST_RSS)}`);
    const name = `${clients} ${transport} clients that send \`${says}\` as fast as they can and never read, for ${seconds} s, ${isGuarded ? "guarded" : "checked by hand"}`;
    if (isGuarded && left) {
      const [report] = left.servers;
      mustHold(failures, report.sessions + report.connections === 0, `${name}: ${report.sessions} sessions are left`);
      mustHold(failures, report.unauthorised === 0, `${name}: the gate has opened`);
      mustHold(failures, rss < MOST_RSS / 4, `${name}: RSS grew by ${size(rss)}`);
    }
    figures.push(
      {
        what: `${name}: most heap and RSS per client${isCut ? `, stopped after ${round(samples.length / 2)} s at ${size(MOST_RSS)} in all` : ""}`,
        value: `${size(peak / clients)}, ${size(rss / clients)}`,
      },
      {
        what: `${name}: answers made per client, times a client was shown out`,
        value: `${count((refused + last.handled) / clients)}, ${count(flooded.returns)}`,
      },
    );
    say(`${name}: ${size(rss / clients)} RSS per client`);
    raw.push({
      transport,
      kind,
      says,
      clients,
      seconds,
      before,
      flooded,
      peak,
      rss,
      last,
      left,
      isCut,
      samples: samples.map(({ rss, heapUsed, external }) => [rss, heapUsed, external]),
    });
  }
  return { figures, failures, raw: { runs: raw } };
}

/**
 * What the server has once all clients are closed.
 *
 * @param {import("../lib/crew.mjs").ServerProcess} server
 * @param {import("../lib/crew.mjs").Process} generator
 */
async function closed(server, generator) {
  await generator.ask({ command: "close" });
  await new Promise((resolve) => setTimeout(resolve, 2000));
  return server.ask({ command: "measure" });
}

/**
 * The server's memory twice a second, until the time is over or it has grown too much.
 *
 * @param {import("../lib/crew.mjs").ServerProcess} server
 * @param {number} seconds
 */
async function watch(server, seconds) {
  const samples = [];
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    const sample = await server.ask({ command: "peak" });
    samples.push(sample);
    if (sample.rss > MOST_RSS) break;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return samples;
}
