// @ts-check

/**
 * @typedef {object} Token
 * @property {"name" | "string" | "number" | "mark" | "comment" | "end"} kind
 * @property {string} text as it is written
 * @property {number} start offset of its first character
 * @property {number} end offset behind its last one
 */

/** An error in the text of a policy, with its position. */
export class PolicyTextError extends Error {
  /**
   * @param {string} message
   * @param {{ start: number, end: number }} place offsets
   */
  constructor(message, { start, end }) {
    super(message);
    this.name = "PolicyTextError";
    this.start = start;
    this.end = end;
  }
}

const PATTERN =
  /(?<space>\s+)|(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<name>[A-Za-z_$][\w$]*)|(?<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?<number>\d+)|(?<mark>[{}()[\]:,;])/y;

/**
 * Cuts a text into its words. Comments are among them, spaces are not.
 *
 * @param {string} text
 * @returns {Token[]} the last is of the kind `end`
 * @throws {PolicyTextError} Where a character cannot begin a word.
 */
export function tokensOf(text) {
  const { tokens, rest } = cut(text);
  if (rest < text.length) {
    const place = { start: rest, end: rest + 1 };
    const isQuote = /["'`]/.test(text.charAt(rest));
    throw new PolicyTextError(
      isQuote
        ? "this text has no end: close its quotation mark on the same line"
        : `${text.charAt(rest)} stands for nothing here`,
      place,
    );
  }
  return [...tokens, { kind: "end", text: "", start: text.length, end: text.length }];
}

/**
 * The same for a text that is being written: stops where it cannot be read any more.
 *
 * @param {string} text
 * @returns {{ tokens: Token[], rest: number }} `rest`: offset of what could not be read
 */
export function cut(text) {
  /** @type {Token[]} */
  const tokens = [];
  let at = 0;
  while (at < text.length) {
    PATTERN.lastIndex = at;
    const found = PATTERN.exec(text);
    if (!found?.groups) break;
    const end = PATTERN.lastIndex;
    const [kind] = Object.entries(found.groups).find(([, value]) => value !== undefined) ?? ["space"];
    if (kind !== "space") {
      tokens.push({ kind: /** @type {Token["kind"]} */ (kind), text: found[0], start: at, end });
    }
    at = end;
  }
  return { tokens, rest: at };
}

/**
 * The value of a string literal.
 *
 * @param {Token} token
 * @returns {string}
 * @throws {PolicyTextError} When it has an invalid escape.
 */
export function readString(token) {
  const body = token.text.slice(1, -1);
  const json = body.replaceAll("\\'", "'").replaceAll(/(?<!\\)((?:\\\\)*)"/g, '$1\\"');
  try {
    return JSON.parse(`"${json}"`);
  } catch {
    throw new PolicyTextError("this text has an escape that cannot be read", token);
  }
}

/**
 * Line and column of an offset, counted from 1.
 *
 * @param {string} text
 * @param {number} offset
 * @returns {{ line: number, column: number }} both begin with 1
 */
export function positionOf(text, offset) {
  const lines = text.slice(0, offset).split("\n");
  return { line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
}
