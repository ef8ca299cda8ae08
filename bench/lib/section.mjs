import { bytesPerQuestion, interleave, summary } from "./measure.mjs";
import { number, printTable, quick, spread } from "./report.mjs";

const PACE = quick ? { rounds: 50, slice: 0.4, warmup: 80 } : { rounds: 300, slice: 0.5, warmup: 400 };

/**
 * Contenders for the same questions.
 *
 * @typedef {import("./measure.mjs").Contender & {
 *   bases?: readonly string[],
 *   note?: string,
 *   bytes?: boolean,
 * }} Entry `bases` names what it is compared with, the first with its spread.
 *
 * @typedef {{ nanoseconds: ReturnType<typeof summary>, bytes?: number, ratios: Record<string, ReturnType<typeof summary>> }} Result
 */

/**
 * Measures and prints one section.
 *
 * @param {{ title: string, expected: readonly boolean[], contenders: readonly Entry[], pieces?: number }} section
 *   `pieces`: of how much code a contender is made, in trees; the more, the longer it takes to be compiled.
 * @returns {Promise<Record<string, Result>>} By name of the contender.
 */
export async function measureSection({ title, expected, contenders, pieces = 1 }) {
  const warmup = PACE.warmup * (1 + Math.min(4, pieces / 10));
  const times = await interleave(contenders, { expected, ...PACE, warmup });
  /** @type {Record<string, Result>} */
  const results = {};
  for (const [index, { name, bases = [], bytes = true, ...contender }] of contenders.entries()) {
    const own = times[index];
    const ratios = {};
    for (const base of bases) {
      const other = times[contenders.findIndex((one) => one.name === base)];
      ratios[base] = summary(own.map((time, round) => time / other[round]));
    }
    const nanoseconds = summary(own);
    const left = bytes
      ? { bytes: Math.max(0, Math.round(await bytesPerQuestion(contender, expected.length, nanoseconds.median))) }
      : {};
    results[name] = { nanoseconds, ...left, ratios };
  }
  print(title, contenders, results);
  return results;
}

function print(title, contenders, results) {
  const rows = contenders.map(({ name, note }) => {
    const { nanoseconds, bytes, ratios } = results[name];
    const [first, ...others] = Object.entries(ratios);
    return [
      name,
      number(nanoseconds.median),
      spread(nanoseconds),
      first ? `${number(first[1].median)}x` : "1x",
      first ? spread(first[1]) : "",
      bytes === undefined ? "" : String(bytes),
      others.map(([base, { median }]) => `${number(median)}x of ${base}`).join(", ") || note || "",
    ];
  });
  const [head, ...body] = [["", "ns", "10-90 %", "times", "10-90 %", "bytes", ""], ...rows];
  printTable(title, [head, ...body]);
}
