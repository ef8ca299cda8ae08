// @ts-check
import { COMBINATORS } from "../shared/parse-policy.js";
import { cut } from "../shared/tokens.js";
import { element } from "./dom.js";

/** @typedef {{ start: number, end: number }} Span */

/**
 * The text of a policy with colours, for the layer behind the text area.
 *
 * @param {string} text
 * @param {readonly string[]} rules names of rules there are
 * @param {Span} [wrong] is marked as wrong
 * @returns {Node[]}
 */
export function highlight(text, rules, wrong) {
  const { tokens } = cut(text);
  /** @type {Node[]} */
  const drawn = [];
  let at = 0;
  for (const { kind, text: word, start, end } of tokens) {
    drawn.push(...piece(text.slice(at, start), "", at, wrong));
    const tone =
      kind !== "name" ? kind : COMBINATORS.includes(word) ? "combinator" : rules.includes(word) ? "rule-name" : "name";
    drawn.push(...piece(word, tone, start, wrong));
    at = end;
  }
  drawn.push(...piece(text.slice(at), "", at, wrong));
  // A last line that is empty has a height too.
  drawn.push(document.createTextNode("\n"));
  return drawn;
}

/**
 * @param {string} text
 * @param {string} tone
 * @param {number} start
 * @param {Span} [wrong]
 * @returns {Node[]}
 */
function piece(text, tone, start, wrong) {
  if (text === "") return [];
  const isWrong =
    wrong !== undefined && start < Math.max(wrong.end, wrong.start + 1) && start + text.length > wrong.start;
  if (!isWrong && tone === "") return [document.createTextNode(text)];
  return [element("span", { class: [tone && `word-${tone}`, isWrong && "wrong"].filter(Boolean).join(" ") }, text)];
}
