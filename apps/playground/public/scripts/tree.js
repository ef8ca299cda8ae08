// @ts-check
import { element, icon } from "./dom.js";

/**
 * The outcome of one rule or combination.
 *
 * @typedef {object} TraceNode
 * @property {"rule" | "and" | "or" | "not"} kind
 * @property {string} name
 * @property {"allow" | "deny" | "abstain" | "error"} [outcome] missing when it was not asked
 * @property {string} [code]
 * @property {string} [reason]
 * @property {number} [milliseconds]
 * @property {TraceNode[]} [operands]
 */

const WORDS = { allow: "allowed", deny: "denied", abstain: "abstained", error: "failed", no: "no" };
const MEANINGS = { and: "all of", or: "any of", not: "opposite of", rule: "" };

/** @param {number} milliseconds */
export function duration(milliseconds) {
  return milliseconds < 0.01 ? "< 0.01 ms" : `${milliseconds.toFixed(milliseconds < 10 ? 2 : 0)} ms`;
}

/**
 * Draws the rules of a decision as nested lists, which screen readers can navigate.
 *
 * @param {TraceNode} root
 * @param {string} label
 * @param {(rule: string) => void} chosen called with the name of a rule
 */
export function drawTree(root, label, chosen) {
  return element("ul", { class: "tree", "aria-label": label }, drawNode(root, chosen, false));
}

/**
 * A denial below a `not` that allows is no refusal. It is drawn as a plain "no".
 *
 * @param {TraceNode} node
 * @param {(rule: string) => void} chosen
 * @param {boolean} isNegated true below a `not` that allows
 * @returns {HTMLLIElement}
 */
function drawNode(node, chosen, isNegated) {
  const tone = isNegated && node.outcome === "deny" ? "no" : (node.outcome ?? "unasked");
  const areNegated = isNegated || (node.kind === "not" && node.outcome === "allow");
  const operands = node.operands?.map((operand) => drawNode(operand, chosen, areNegated)) ?? [];
  const row = element(
    "div",
    { class: "node" },
    element("span", { class: "badge", "data-tone": tone }, icon(tone)),
    element("div", { class: "said" }, title(node, chosen), " ", ...explanation(node, tone)),
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
 * @param {keyof typeof WORDS | "unasked"} tone
 * @returns {HTMLElement[]}
 */
function explanation({ kind, outcome, code, reason }, tone) {
  if (tone === "unasked") return [element("span", {}, "not asked")];
  const said = [element("span", { class: "outcome" }, WORDS[tone])];
  const isRefusal = tone === "deny" || tone === "error";
  if (kind !== "rule" || !isRefusal) return said;
  const because = element(
    "span",
    { class: "because" },
    element("code", {}, code ?? outcome ?? ""),
    reason ? ` ${reason}` : "",
  );
  return [...said, because];
}
