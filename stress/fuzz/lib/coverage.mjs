// @ts-check
import { readFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { fileURLToPath } from "node:url";

/**
 * Executed ranges of one script as pairs of offsets, with all its functions.
 *
 * @typedef {{ from: number, to: number }} Range
 * @typedef {{ file: string, ran: Range[], functions: { name: string, from: number, to: number }[] }} Covered
 */

const OURS = /\/packages\/([a-z-]+)\/dist\/[\w-]+\.js$/;

/** Counts from now on, by block, in the packages of this repository. Answers what hands over the counts. */
export async function startCoverage() {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  return async () => {
    const { result } = await session.post("Profiler.takePreciseCoverage");
    return result.filter(({ url }) => OURS.test(url)).map(readScript);
  };
}

/** @param {import("node:inspector").Profiler.ScriptCoverage} script @returns {Covered} */
function readScript({ url, functions }) {
  const file = fileURLToPath(url);
  const length = readFileSync(file, "utf8").length;
  const counts = new Uint8Array(length);
  // Ranges come from the outer to the inner: the last one says what holds.
  for (const { ranges } of functions) {
    for (const { startOffset, endOffset, count } of ranges) counts.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  }
  const named = functions.map(({ functionName: name, ranges: [whole] }) => ({
    name,
    from: whole?.startOffset ?? 0,
    to: whole?.endOffset ?? 0,
  }));
  return { file, ran: ranges(counts, 1), functions: named };
}

/** @param {Uint8Array} counts @param {number} wanted @returns {Range[]} */
function ranges(counts, wanted) {
  const found = [];
  let from = -1;
  for (let at = 0; at <= counts.length; at++) {
    const isIn = at < counts.length && counts[at] === wanted;
    if (isIn && from < 0) from = at;
    if (!isIn && from >= 0) {
      found.push({ from, to: at });
      from = -1;
    }
  }
  return found;
}

/** Merged coverage of several processes. */
export class Coverage {
  /** @type {Map<string, { counts: Uint8Array, text: string, functions: Map<string, { name: string, from: number, to: number }> }>} */
  #files = new Map();

  /** @param {readonly Covered[]} covered */
  add(covered) {
    for (const { file, ran, functions } of covered) {
      let known = this.#files.get(file);
      if (known === undefined) {
        const text = readFileSync(file, "utf8");
        known = { counts: new Uint8Array(text.length), text, functions: new Map() };
        this.#files.set(file, known);
      }
      for (const { from, to } of ran) known.counts.fill(1, from, to);
      for (const one of functions) known.functions.set(`${one.from}-${one.to}`, one);
    }
  }

  /**
   * Counts the executed functions and branches that read client data, and lists the others.
   *
   * @param {(file: string, code: string) => string | undefined} sourceOf The source file of a function, where it counts.
   */
  report(sourceOf) {
    /** @type {{ source: string, function: string, code: string }[]} */
    const missed = [];
    /** @type {Map<string, { characters: number, reached: number }>} */
    const sources = new Map();
    for (const [file, { counts, text, functions }] of this.#files) {
      const all = [...functions.values()]
        .filter(({ name, from }) => name !== "" && from > 0)
        .sort((a, b) => a.from - b.from || b.to - a.to);
      const owner = new Array(text.length).fill(undefined);
      for (const one of all) {
        const source = sourceOf(file, text.slice(one.from, one.to));
        owner.fill(source && { source, name: one.name }, one.from, one.to);
      }
      for (let at = 0; at < text.length; at++) {
        const own = owner[at];
        if (own === undefined || /\s/.test(/** @type {string} */ (text[at]))) continue;
        const sum = sources.get(own.source) ?? { characters: 0, reached: 0 };
        sum.characters += 1;
        sum.reached += /** @type {number} */ (counts[at]);
        sources.set(own.source, sum);
      }
      for (const { from, to } of ranges(counts, 0)) {
        const own = owner[from] ?? owner[to - 1];
        const code = text.slice(from, to).replaceAll(/\s+/g, " ").trim();
        if (own && /\w/.test(code)) missed.push({ source: own.source, function: own.name, code: code.slice(0, 160) });
      }
    }
    return { sources: Object.fromEntries([...sources].sort()), missed };
  }
}
