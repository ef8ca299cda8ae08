// @ts-check
import { element } from "./dom.js";

/** The faults of a rule, by the name the server has for them. */
export const FAULTS = {
  throws: "throws",
  rejects: "rejects",
  hangs: "never answers",
  undefined: "returns undefined",
  late: "answers after 3 s",
};

/**
 * The faulty rules that a decision rested on, in words.
 *
 * @param {import("./decisions.js").Decided} decided
 * @returns {string} for example `isMember (throws)`; empty without faults
 */
export function faultsOf({ faults }) {
  return Object.entries(faults)
    .map(([rule, kind]) => `${rule} (${/** @type {Record<string, string>} */ (FAULTS)[kind] ?? kind})`)
    .join(", ");
}

/**
 * Tells that a decision rested on faulty rules, and if they work again since.
 *
 * @param {import("./decisions.js").Decided} decided
 * @param {Record<string, string>} current faults by the name of the rule
 * @returns {HTMLElement | undefined} `undefined` without faults
 */
export function drawFaults(decided, current) {
  const text = faultsOf(decided);
  if (text === "") return undefined;
  const isOver = Object.entries(decided.faults).every(([rule, kind]) => current[rule] !== kind);
  return element(
    "p",
    { class: "rested-on" },
    isOver ? `Rested on a fault that is reset now: ${text}.` : `Rests on a fault: ${text}.`,
  );
}
