// @ts-check

/** @typedef {{ title: string, rules: readonly ("allow" | "later")[], reason: string }} Difference */

/**
 * Holds the tests that differ against the list of those that may.
 *
 * @param {readonly Difference[]} expected
 * @param {"allow" | "later"} rule
 * @param {readonly string[]} found Titles of the tests that pass without a guard and fail with it.
 * @returns {{ unexpected: string[], vanished: string[] }} Those that are not listed, and those listed that pass.
 */
export function compare(expected, rule, found) {
  const listed = expected.filter(({ rules }) => rules.includes(rule)).map(({ title }) => title);
  return {
    unexpected: found.filter((title) => !listed.includes(title)),
    vanished: listed.filter((title) => !found.includes(title)),
  };
}
