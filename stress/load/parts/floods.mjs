// @ts-check
// Some send as fast as they can while many behave: what those who behave notice.

import { count, middle, milliseconds, mustHold } from "../lib/figures.mjs";

/** How often each who behaves says something, in seconds. */
const EVERY = 5;

/**
 * @typedef {object} Run
 * @property {string} name
 * @property {"hand" | "guard"} kind
 * @property {import("../lib/dialects.mjs").Transport} transport
 * @property {boolean} [isTurned]
 * @property {string} says What the flooders send.
 */

/** @type {readonly Run[]} */
const RUNS = [
  { name: "ws, checked by hand, flooded with what is allowed", transport: "ws", kind: "hand", says: "echo" },
  { name: "ws, guarded, flooded with what is allowed", transport: "ws", kind: "guard", says: "echo" },
  {
    name: "ws, guarded, turned, flooded with what is allowed",
    transport: "ws",
    kind: "guard",
    says: "echo",
    isTurned: true,
  },
  {
    name: "ws, checked by hand, turned, flooded with what is allowed",
    transport: "ws",
    kind: "hand",
    says: "echo",
    isTurned: true,
  },
  { name: "ws, checked by hand, flooded with what is denied", transport: "ws", kind: "hand", says: "secret" },
  { name: "ws, guarded, flooded with what is denied", transport: "ws", kind: "guard", says: "secret" },
  { name: "ws, guarded, flooded with what cannot be read", transport: "ws", kind: "guard", says: "unreadable" },
];

/** @param {import("../lib/figures.mjs").Context} context @returns {Promise<import("../lib/figures.mjs").Result>} */
export async function floods({ quick, crew, say }) {
  const [figures, failures] = [/** @type {any[]} */ ([]), /** @type {string[]} */ ([])];
  const size = quick ? { behaving: 200, flooding: 10, seconds: 3 } : { behaving: 5000, flooding: 100, seconds: 10 };
  /** @type {Record<string, any[]>} */
  const rounds = Object.fromEntries(RUNS.map(({ name }) => [name, []]));
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    for (const run of round % 2 === 0 ? RUNS : [...RUNS].reverse()) {
      const result = await measure(crew, run, size);
      rounds[run.name].push(result);
      const { calm, flooded, report } = result;
      say(`${run.name}: ${milliseconds(calm.free.p99)} without, ${milliseconds(flooded.free.p99)} with (p99)`);
      for (const talk of [calm, flooded]) {
        mustHold(failures, talk.wrong + talk.strange === 0, `${run.name}: ${talk.wrong + talk.strange} wrong answers`);
        mustHold(failures, talk.open === size.behaving, `${run.name}: ${talk.open} who behave are left`);
      }
      mustHold(failures, report.unauthorised === 0, `${run.name}: the gate has opened`);
    }
  }
  for (const { name } of RUNS) {
    const of = (/** @type {"calm" | "flooded"} */ when) =>
      /** @type {const} */ (["p50", "p99", "p999"])
        .map(
          (part) =>
            `${part.replace("999", "99.9")} ${middle(
              rounds[name].map((one) => one[when].free[part]),
              milliseconds,
            )}`,
        )
        .join(", ");
    const who = `latency of ${count(size.behaving)} who behave, each one request in ${EVERY} s (${name})`;
    figures.push(
      { what: `${who}: before the flood`, value: of("calm") },
      { what: `${who}: with ${size.flooding} connections that send as fast as they can`, value: of("flooded") },
      {
        what: `${size.flooding} flooders (${name}): messages they got rid of, a second`,
        value: middle(
          rounds[name].map(({ flood }) => flood.sent / flood.seconds),
          count,
        ),
      },
    );
  }
  return { figures, failures, raw: { ...size, every: EVERY, rounds } };
}

/**
 * @param {import("../lib/crew.mjs").Crew} crew
 * @param {Run} run
 * @param {{ behaving: number, flooding: number, seconds: number }} size
 */
async function measure(crew, { transport, kind, isTurned, says }, { behaving, flooding, seconds }) {
  const server = await crew.serve({ transport, kind, isTurned, isCounted: false });
  const [target] = server.targets;
  const [good, bad] = [await crew.generator(), await crew.generator()];
  try {
    await good.ask({ command: "open", target, count: behaving, from: 0 });
    const talk = { command: "talk", mix: [["echo", 1]], rate: behaving / EVERY, seconds, patience: 30 };
    // What the compiler still has to do is not the flood's.
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
    const result = await flood;
    const { cpu, rss, servers } = await server.ask({ command: "peak" });
    return { calm, flooded, flood: { ...result, seconds: time }, cpu, rss, report: servers[0] };
  } finally {
    crew.stop();
  }
}
