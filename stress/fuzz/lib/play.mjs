// @ts-check
import { Finding } from "./ledger.mjs";
import { memory, tcp } from "./links.mjs";
import { Random } from "./random.mjs";

/**
 * @typedef {{ inputs: number, outcomes: Record<string, number> }} Counters
 * @typedef {Counters & { finding?: { kind: string, detail: string, index: number } }} Played
 * @typedef {{ ports: Record<string, number>, servers?: Record<string, import("node:http").Server> }} Place
 * @typedef {import("./drive.mjs").Family} Family
 */

/** The conversations of one batch; the same for the same seed. @param {Family} family @param {{ seed: string, batch: number, size: number }} from */
export function conversationsOf(family, { seed, batch, size }) {
  const random = new Random(`${seed}/${family.name}/${batch}`);
  return Array.from({ length: size }, () => family.conversation(random));
}

/**
 * Plays conversations, some at once, until all are over or one shows what must not be.
 *
 * @param {Family} family
 * @param {unknown[] | { seed: string, batch: number, size: number }} given
 * @param {Place} place
 * @returns {Promise<Played>}
 */
export async function playAll(family, given, { ports, servers }) {
  const conversations = Array.isArray(given) ? given : conversationsOf(family, given);
  const connect = (/** @type {string} */ name) =>
    family.isInMemory
      ? memory(/** @type {import("node:http").Server} */ (servers?.[name]))
      : tcp(/** @type {number} */ (ports[name]));
  /** @type {Played} */
  const played = { inputs: 0, outcomes: {} };
  let next = 0;
  const work = async () => {
    while (next < conversations.length && played.finding === undefined) {
      const index = next++;
      try {
        add(played, await family.play(conversations[index], connect, ports));
      } catch (error) {
        const kind = error instanceof Finding ? error.kind : "the client failed";
        played.finding ??= {
          kind,
          detail: String(error instanceof Finding ? error.message : /** @type {Error} */ (error).stack),
          index,
        };
      }
    }
  };
  await Promise.all(Array.from({ length: family.atOnce }, work));
  return played;
}

/** @param {Counters} sum @param {Counters} one */
export function add(sum, one) {
  sum.inputs += one.inputs;
  for (const [name, count] of Object.entries(one.outcomes)) sum.outcomes[name] = (sum.outcomes[name] ?? 0) + count;
}
