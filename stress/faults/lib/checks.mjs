// @ts-check
import assert from "node:assert/strict";

export const sleep = (/** @type {number} */ milliseconds) =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Waits until something is so, for half a minute: what is waited for comes soon, but on a machine that is busy.
 *
 * @param {() => unknown | Promise<unknown>} isSo @param {string} what
 */
export async function until(isSo, what) {
  for (const end = performance.now() + 30_000; !(await isSo()); await sleep(10)) {
    assert(performance.now() < end, `not in time: ${what}`);
  }
}

/**
 * Counts what is told apart by a word.
 *
 * @param {Iterable<string>} words @returns {Record<string, number>}
 */
export function countWords(words) {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

/** @param {readonly number[]} numbers */
export const sum = (numbers) => numbers.reduce((one, other) => one + other, 0);

/** @param {import("./clients.mjs").Answer} answer */
export const wordOf = (answer) => (answer === "lost" ? "lost" : "code" in answer ? answer.code : "allowed");

/** A process that was not killed is alive, and has complained of nothing. @param {import("./children.mjs").Child} child */
export function assertWell(child) {
  assert.equal(child.process.exitCode, null, `the server has ended: ${child.stderr}`);
  assert.equal(child.stderr, "");
}
