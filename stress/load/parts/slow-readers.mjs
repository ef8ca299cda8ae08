// @ts-check
// Clients that send what is refused as fast as they can, and never read what they are answered.

import { setTimeout as pause } from "node:timers/promises";
import { count, mustHold, round, size } from "../lib/figures.mjs";

/** A server whose memory grows is stopped here: there is nothing more to learn. */
const MOST_RSS = 2 * 2 ** 30;
/** Seconds until all clients that have left must be forgotten. */
const LEAVING = 15;
/** The sent messages, by their name in the flood. */
const MESSAGES = {
  secret: "what is denied",
  later: "what an async rule decides",
  long: "names of 4,000 characters, which a refusal repeats,",
};

const sum = (/** @type {number[]} */ values) => values.reduce((total, one) => total + one, 0);

/** @param {import("../lib/figures.mjs").Context} context @returns {Promise<import("../lib/figures.mjs").Result>} */
export async function slowReaders({ quick, workers, say }) {
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
    const server = await workers.serve({ transport, kind });
    const generator = await workers.generator();
    const [target] = server.targets;
    const before = await server.ask({ command: "measure" });
    await server.ask({ command: "peak" });
    const flooding = generator.ask({ command: "flood", target, count: clients, seconds, says, isReading: false });
    const grown = await watch(server, seconds);
    // One that grows without end would not come to an end of closing either.
    if (grown.isCut) workers.stop();
    const ended = grown.isCut ? undefined : await end(server, generator, flooding);
    workers.stop();

    const isGuarded = kind === "guard";
    const how = isGuarded ? "guarded" : "checked by hand";
    const name = `${clients} ${transport} clients that send ${MESSAGES[says]} as fast as they can and never read, ${how}`;
    const rss = grown.rss - before.rss;
    if (isGuarded) expectBounded(failures, name, rss, ended);
    if (ended === undefined) {
      figures.push({
        what: `${name}: growth until it was stopped after ${round(grown.seconds)} s, in RSS per client`,
        value: `${size(rss / clients)} and growing`,
      });
    } else {
      const { heapUsed, external, servers } = ended.peak;
      const [{ refused, handled }] = servers;
      const answers = sum(Object.values(refused)) + handled;
      const heap = heapUsed + external - before.heapUsed - before.external;
      figures.push(
        {
          what: `${name} for ${seconds} s: most heap; RSS, per client`,
          value: `${size(heap / clients)}; ${size(rss / clients)}`,
        },
        {
          what: `${name} for ${seconds} s: answers made per client; times a client was shown out`,
          value: `${count(answers / clients)}; ${count(ended.flooded.returns)}`,
        },
      );
    }
    say(`${name}: ${size(rss / clients)} RSS per client${grown.isCut ? ", and growing" : ""}`);
    raw.push({ transport, kind, says, clients, seconds, before, grown, ended });
  }
  return { figures, failures, raw: { runs: raw } };
}

/**
 * Asserts the requirements on a guarded server.
 *
 * @param {string[]} failures
 * @param {string} name
 * @param {number} rss
 * @param {Awaited<ReturnType<typeof end>> | undefined} ended
 */
function expectBounded(failures, name, rss, ended) {
  mustHold(failures, ended !== undefined, `${name}: the server has grown to ${size(MOST_RSS)}`);
  mustHold(failures, rss < MOST_RSS / 2, `${name}: RSS grew by ${size(rss)}`);
  if (ended === undefined) return;
  const [{ sessions, connections, unauthorised }] = ended.left.servers;
  mustHold(
    failures,
    sessions + connections === 0,
    `${name}: ${sessions} sessions, ${connections} connections are left`,
  );
  mustHold(failures, unauthorised === 0, `${name}: the gate has opened`);
}

/**
 * The most the server had, and what is left once all clients are gone.
 *
 * @param {import("../lib/workers.mjs").ServerProcess} server
 * @param {import("../lib/workers.mjs").Process} generator
 * @param {Promise<any>} flooding
 */
async function end(server, generator, flooding) {
  const flooded = await flooding;
  const peak = await server.ask({ command: "peak" });
  await generator.ask({ command: "close" });
  for (let second = 0; second < LEAVING; second++) {
    await pause(1000);
    const left = await server.ask({ command: "measure" });
    if (left.servers[0].connections === 0 || second === LEAVING - 1) return { flooded, peak, left };
  }
  throw new RangeError("somebody must be given a second to leave");
}

/**
 * Looks at the server's memory from outside, until the time is over or it has grown too much.
 *
 * @param {import("../lib/workers.mjs").ServerProcess} server
 * @param {number} seconds
 */
async function watch(server, seconds) {
  const startedAt = performance.now();
  const elapsed = () => (performance.now() - startedAt) / 1000;
  const samples = [];
  let rss = 0;
  while (elapsed() < seconds && rss < MOST_RSS) {
    await pause(250);
    const now = server.rss();
    samples.push(now);
    rss = Math.max(rss, now);
  }
  return { rss, isCut: rss >= MOST_RSS, seconds: elapsed(), samples };
}
