// @ts-check
import { quantile } from "../../../bench/lib/measure.mjs";

/**
 * A figure: a phrase that is understood alone, and its value with units.
 *
 * @typedef {{ what: string, value: string }} Figure
 *
 * @typedef {{ figures: Figure[], failures: string[], raw: object }} Result `failures`: what must never be, and was.
 *
 * @typedef {object} Context
 * @property {boolean} quick
 * @property {number} minutes How long the soak takes.
 * @property {import("./workers.mjs").Workers} workers
 * @property {(line: string) => void} say
 */

/** @param {number} value */
export const milliseconds = (value) => `${round(value)} ms`;

/** @param {number} bytes */
export function size(bytes) {
  if (Math.abs(bytes) >= 2 ** 20) return `${round(bytes / 2 ** 20)} MiB`;
  return Math.abs(bytes) >= 10_000 ? `${round(bytes / 1024)} KiB` : `${Math.round(bytes)} bytes`;
}

/** Three digits. @param {number} value */
export const round = (value) =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));

/** @param {number} value */
export const count = (value) => Math.round(value).toLocaleString("en");

/**
 * The middle of several rounds, and their range.
 *
 * @param {readonly number[]} values
 * @param {(value: number) => string} show
 */
export function middle(values, show) {
  const median = show(quantile(values, 0.5));
  if (values.length === 1) return median;
  return `${median} (${show(Math.min(...values))} to ${show(Math.max(...values))})`;
}

/** @param {{ p50: number, p99: number, p999: number }} latencies */
export const percentiles = ({ p50, p99, p999 }) =>
  `p50 ${milliseconds(p50)}, p99 ${milliseconds(p99)}, p99.9 ${milliseconds(p999)}`;

/**
 * Notes what must hold.
 *
 * @param {string[]} failures
 * @param {boolean} holds
 * @param {string} otherwise
 */
export function mustHold(failures, holds, otherwise) {
  if (!holds) failures.push(otherwise);
}
