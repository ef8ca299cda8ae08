// @ts-check
// Some send as fast as they can while many behave: what those who behave notice.

import { count, middle, milliseconds, mustHold } from "../lib/figures.mjs";

/** How often each who behaves says something, in seconds. */
const EVERY = 5;
/** How long the last answers may take, in seconds. */
const PATIENCE = 30;
const SHORT = { p50: "p50", p99: "p99", p999: "p99.9" };

/**
 * @typedef {object} Run
 * @property {string} name
 * @property {"hand" | "guard"} kind
 * @property {import("../lib/dialects.mjs").Transport} transport
 * @property {boolean} [fairScheduling]
 * @property {string} says What the flooders send.
 */

/** @type {readonly Run[]} */
const RUNS = [
  { name: "ws, checked by hand; what is allowed", transport: "ws", kind: "hand", says: "echo" },
  {
    name: "ws, guarded with `fairScheduling: false`; what is allowed",
    transport: "ws",
    kind: "guard",
    fairScheduling: false,
    says: "echo",
  },
  { name: "ws, guarded; what is allowed", transport: "ws", kind: "guard", says: "echo" },
  { name: "ws, guarded; what is denied", transport: "ws", kind: "guard", says: "secret" },
  { name: "ws, guarded; what an async rule decides", transport: "ws", kind: "guard", says: "later" },
  { name: "ws, guarded; what cannot be read", transport: "ws", kind: "guard", says: "unreadable" },
  { name: "socket.io, checked by hand; what is allowed", transport: "socket.io", kind: "hand", says: "echo" },
  { name: "socket.io, guarded; what is allowed", transport: "socket.io", kind: "guard", says: "echo" },
];

/** @param {import("../lib/figures.mjs").Context} context @returns {Promise<import("../lib/figures.mjs").Result>} */
export async function floods({ quick, workers, say }) {
  const [figures, failures] = [/** @type {any[]} */ ([]), /** @type {string[]} */ ([])];
  const size = quick ? { behaving: 200, flooding: 10, seconds: 3 } : { behaving: 5000, flooding: 100, seconds: 8 };
  /** @type {Record<string, any[]>} */
  const rounds = Object.fromEntries(RUNS.map(({ name }) => [name, []]));
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    for (const run of round % 2 === 0 ? RUNS : [...RUNS].reverse()) {
      const result = await measure(workers, run, size);
      rounds[run.name].push(result);
      const { calm, flooded, peak } = result;
      say(`${run.name}: ${milliseconds(calm.free.p99)} without, ${milliseconds(flooded.free.p99)} with (p99)`);
      for (const talk of [calm, flooded]) {
        mustHold(failures, talk.wrong + talk.strange === 0, `${run.name}: ${talk.wrong + talk.strange} wrong answers`);
        mustHold(failures, talk.open === size.behaving, `${run.name}: ${talk.open} who behave are left`);
      }
      if (run.kind === "guard" && run.fairScheduling !== false) {
        mustHold(failures, flooded.unanswered === 0, `${run.name}: ${flooded.unanswered} are unanswered`);
        mustHold(failures, peak?.servers[0].unauthorised === 0, `${run.name}: the gate has opened`);
      }
    }
  }
  for (const { name } of RUNS) {
    const of = (/** @type {"calm" | "flooded"} */ when) =>
      /** @type {const} */ (["p50", "p99", "p999"])
        .map(
          (part) =>
            `${SHORT[part]} ${middle(
              rounds[name].map((one) => one[when].free[part]),
              milliseconds,
            )}`,
        )
        .join(", ");
    const lost = rounds[name].reduce((sum, { flooded }) => sum + flooded.unanswered, 0);
    const sent = rounds[name].reduce((sum, one) => sum + one.flooded.sent, 0);
    const [server, message] = name.split("; ");
    const who = `${server}: latency of ${count(size.behaving)} clients that behave (one request in ${EVERY} s each)`;
    figures.push(
      { what: `${who}, nobody floods`, value: of("calm") },
      {
        what: `${who}, while ${size.flooding} send ${message} as fast as they can`,
        value: `${of("flooded")}${lost > 0 ? `; ${count(lost)} of ${count(sent)} not answered within ${PATIENCE} s, and counted with that` : ""}`,
      },
    );
  }
  return { figures, failures, raw: { ...size, every: EVERY, rounds } };
}

/**
 * @param {import("../lib/workers.mjs").Workers} workers
 * @param {Run} run
 * @param {{ behaving: number, flooding: number, seconds: number }} size
 */
async function measure(workers, { transport, kind, fairScheduling, says }, { behaving, flooding, seconds }) {
  const server = await workers.serve({ transport, kind, fairScheduling, isCounted: false });
  const [target] = server.targets;
  const [good, bad] = [await workers.generator(), await workers.generator()];
  try {
    await good.ask({ command: "open", target, count: behaving, from: 0 });
    const talk = { command: "talk", mix: [["echo", 1]], rate: behaving / EVERY, seconds, patience: PATIENCE };
    // Warm-up, so that compilation is not counted for the flood.
    await good.ask({ ...talk, seconds: 2 });
    const calm = await good.ask(talk);
    await server.ask({ command: "peak" });
    const time = seconds + 3;
    const flood = bad.ask({
      command: "flood",
      target,
      count: flooding,
      from: behaving,
      seconds: time,
      says,
      isReading: true,
    });
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const flooded = await good.ask(talk);
    const { sent, received, returns } = await flood;
    bad.stop();
    // One that is behind by minutes does not hear the question in time.
    const late = new Promise((resolve) => setTimeout(resolve, 10_000));
    const peak = await Promise.race([server.ask({ command: "peak" }), late]);
    return { calm, flooded, flood: { sent, received, returns, seconds: time }, peak };
  } finally {
    workers.stop();
  }
}
