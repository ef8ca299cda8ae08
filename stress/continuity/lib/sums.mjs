// @ts-check

/**
 * @typedef {object} RunResult
 * @property {string} engine of the log
 * @property {number} seed
 * @property {Record<string, number>} faults how many of each kind
 * @property {number} handed messages that were delivered
 * @property {number[]} lags milliseconds from each announced ban to the last message delivered
 * @property {number} worst the same, of all bans
 * @property {readonly string[]} violations
 */

/** @param {number} value */
export const count = (value) => value.toLocaleString("en-US");
/** @param {number} value */
export const milliseconds = (value) => `${value.toFixed(0)} ms`;

/** The value below which a share of all values lies. @param {readonly number[]} values @param {number} share as in 0.99 */
export function shareOf(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
}

/** Adds up how many there were of each kind. @param {readonly Record<string, number>[]} all */
export function addKinds(all) {
  /** @type {Record<string, number>} */
  const sums = {};
  for (const [kind, times] of all.flatMap((one) => Object.entries(one))) sums[kind] = (sums[kind] ?? 0) + times;
  return Object.fromEntries(Object.entries(sums).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** All of a record of counts. @param {Record<string, number>} kinds */
export const sumOf = (kinds) => Object.values(kinds).reduce((sum, one) => sum + one, 0);

/** @param {Record<string, number>} kinds */
export function faultsInWords(kinds) {
  const each = Object.entries(kinds).map(([kind, times]) => `${kind} ${count(times)}`);
  return `${count(sumOf(kinds))} faults${each.length === 0 ? "" : ` (${each.join(", ")})`}`;
}

/** What runs on one engine have shown together. @param {string} engine @param {readonly RunResult[]} runs */
export function sumUp(engine, runs) {
  const lags = runs.flatMap((run) => run.lags);
  const seeds = runs.map(({ seed }) => seed);
  return {
    engine,
    seeds: [Math.min(...seeds), Math.max(...seeds)],
    runs: runs.length,
    faults: addKinds(runs.map(({ faults }) => faults)),
    messages: runs.reduce((sum, { handed }) => sum + handed, 0),
    revocations: lags.length,
    lag: { p50: shareOf(lags, 0.5), p99: shareOf(lags, 0.99), worst: shareOf(lags, 1) },
    worst: Math.max(...runs.map(({ worst }) => worst)),
    violations: runs.reduce((sum, { violations }) => sum + violations.length, 0),
  };
}

/** For readers. @param {ReturnType<typeof sumUp>} sum @param {string} what */
export function figureOf({ runs, faults, messages, revocations, lag, worst, violations }, what) {
  const parts = [
    `${count(violations)} violations`,
    `${count(runs)} ${runs === 1 ? "run" : "runs"}`,
    `${count(messages)} messages delivered`,
    `${count(revocations)} revocations`,
    `from one to the last message p50 ${milliseconds(lag.p50)}, p99 ${milliseconds(lag.p99)}, worst ${milliseconds(lag.worst)}`,
    `from any ban, announced or not, at most ${milliseconds(worst)}`,
    faultsInWords(faults),
  ];
  return { what, value: parts.join("; ") };
}

/** For readers: the counts of all engines. @param {readonly ReturnType<typeof sumUp>[]} sums */
export function figureOfAll(sums) {
  const all = (/** @type {"runs" | "messages" | "revocations" | "violations"} */ key) =>
    count(sums.reduce((sum, one) => sum + one[key], 0));
  const faults = count(sums.reduce((sum, one) => sum + sumOf(one.faults), 0));
  const value = `${all("violations")} violations; ${all("runs")} runs; ${all("messages")} messages delivered; ${all("revocations")} revocations; ${faults} faults`;
  return { what: "All runs together, on Redis and Postgres", value };
}
