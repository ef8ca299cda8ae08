// @ts-check
import { element } from "./dom.js";

/** A comment, a regular expression, a text, or a word of the language; the first that fits counts. */
const PATTERN =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|\/(?![/*\s])(?:[^/\\\n]|\\.)+\/[a-z]*)|(?<combinator>\b(?:and|or|not)\b(?=\()|\b(?:async|await|class|const|else|export|extends|from|function|if|import|interface|let|new|override|return|throw|type)\b)/g;

/**
 * A program with colours.
 *
 * @param {string} text TypeScript or JavaScript
 * @returns {Node[]}
 */
export function colour(text) {
  /** @type {Node[]} */
  const drawn = [];
  let at = 0;
  for (const { 0: word, index, groups = {} } of text.matchAll(PATTERN)) {
    const [tone] = Object.entries(groups).find(([, value]) => value !== undefined) ?? [];
    drawn.push(document.createTextNode(text.slice(at, index)), element("span", { class: `word-${tone}` }, word));
    at = index + word.length;
  }
  return [...drawn, document.createTextNode(text.slice(at))];
}
