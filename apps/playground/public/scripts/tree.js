// @ts-check
import { element, icon } from "./dom.js";

/**
 * What happened at one rule or combination.
 *
 * @typedef {object} TraceNode
 * @property {"rule" | "and" | "or" | "not"} kind
 * @property {string} name
 * @property {"allow" | "deny" | "abstain" | "error"} [outcome] missing: it was not asked
 * @property {string} [code]
 * @property {string} [reason]
 * @property {number} [milliseconds]
 * @property {TraceNode[]} [operands]
 */

const WORDS = { allow: "allowed", deny: "denied", abstain: "nothing to say", error: "could not say" };
const MEANINGS = { and: "all of", or: "any of", not: "opposite of", rule: "" };

/** @param {number} milliseconds */
export function duration(milliseconds) {
  return milliseconds < 0.01 ? "< 0.01 ms" : `${milliseconds.toFixed(milliseconds < 10 ? 2 : 0)} ms`;
}

/**
 * Draws the rules of a decision as nested lists, which any screen reader can walk.
 *
 * @param {TraceNode} root
 * @param {string} label
 * @param {(rule: string) => void} chosen called with the name of a rule
 */
export function drawTree(root, label, chosen) {
  return element("ul", { class: "tree", "aria-label": label }, drawNode(root, chosen));
}

/**
 * @param {TraceNode} node
 * @param {(rule: string) => void} chosen
 * @returns {HTMLLIElement}
 */
function drawNode(node, chosen) {
  const tone = node.outcome ?? "unasked";
  const operands = node.operands?.map((operand) => drawNode(operand, chosen)) ?? [];
  const row = element(
    "div",
    { class: "node" },
    element("span", { class: "badge", "data-tone": tone }, icon(tone)),
    element("div", { class: "said" }, title(node, chosen), " ", ...explanation(node)),
    node.milliseconds === undefined ? undefined : element("span", { class: "duration" }, duration(node.milliseconds)),
  );
  const children = operands.length > 0 ? element("ul", {}, ...operands) : undefined;
  return element("li", { "data-tone": tone }, row, children);
}

/**
 * @param {TraceNode} node
 * @param {(rule: string) => void} chosen
 */
function title({ kind, name }, chosen) {
  if (kind === "rule") {
    const button = element(
      "button",
      { type: "button", class: "rule", "aria-pressed": "false", title: "Show its source" },
      name,
    );
    button.addEventListener("click", () => chosen(name));
    return button;
  }
  return element("span", {}, element("b", { class: "kind" }, kind), " ", MEANINGS[kind]);
}

/**
 * @param {TraceNode} node
 * @returns {HTMLElement[]}
 */
function explanation({ kind, outcome, code, reason }) {
  if (outcome === undefined) return [element("span", {}, "not asked")];
  const said = [element("span", { class: "outcome" }, WORDS[outcome])];
  const isRefusal = outcome === "deny" || outcome === "error";
  if (kind !== "rule" || !isRefusal) return said;
  const because = element(
    "span",
    { class: "because" },
    element("code", {}, code ?? outcome),
    reason ? ` ${reason}` : "",
  );
  return [...said, because];
}
