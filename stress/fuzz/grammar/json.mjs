// @ts-check
/** @typedef {import("../lib/random.mjs").Random} Random */

const NUMBERS = [
  "0",
  "-0",
  "1",
  "7",
  "-1",
  "1e999",
  "-1e999",
  "1e-400",
  "9007199254740993",
  "0.1",
  "123456789012345678901234567890",
  "2147483648",
  "1E5",
];
const STRINGS = [
  "",
  "lobby",
  "7",
  "yes",
  "\ud800",
  "\udfff\ud800",
  "\u0000",
  "__proto__",
  "constructor",
  "toString",
  "a/b",
  "..",
  ".",
  "%2e%2e",
  "%",
  "é",
  "😀",
  "<b>",
  "' or 1=1",
  "\u2028",
  "\r\nX: y",
  "true",
  "null",
  "[object Object]",
];
/** Names that mean something to a parser, to a rule or to JavaScript. */
const KEYS = [
  "room",
  "room",
  "room",
  "flagged",
  "ok",
  "id",
  "user",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "then",
  "toJSON",
  "length",
  "",
  "0",
  "args",
  "action",
  "request_id",
  "type",
  "stream",
  "payload",
  "method",
  "params",
  "\ud800",
  "valueOf",
  "num",
  "amount",
  "q",
];

/** A text of JSON, sometimes written in an unusual way. @param {Random} random @param {string} value */
export function string(random, value) {
  const text = JSON.stringify(value);
  if (!random.chance(0.05) || value === "") return text;
  const at = random.below(value.length);
  const escaped = `\\u${value.charCodeAt(at).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value.slice(0, at)).slice(0, -1) + escaped + JSON.stringify(value.slice(at + 1)).slice(1);
}

/**
 * A text of JSON: any value.
 *
 * @param {Random} random
 * @param {number} [levels] How deep it may be nested.
 * @returns {string}
 */
export function value(random, levels = 3) {
  const kind = random.below(levels > 0 ? 10 : 7);
  switch (kind) {
    case 0:
    case 1:
      return random.pick(NUMBERS);
    case 2:
    case 3:
      return string(random, random.pick(STRINGS));
    case 4:
      return "true";
    case 5:
      return random.pick(["false", "null"]);
    case 6:
      return random.chance(0.004) ? nested(random) : String(random.bits());
    case 7: {
      const items = [];
      for (let left = random.below(4); left > 0; left--) items.push(value(random, levels - 1));
      return `[${items.join(",")}]`;
    }
    default:
      return record(random, members(random, random.below(4), levels - 1));
  }
}

/** Members of an object, as texts. @param {Random} random @param {number} count @param {number} levels */
export function members(random, count, levels) {
  const found = [];
  for (let left = count; left > 0; left--) {
    found.push(`${string(random, random.pick(KEYS))}:${value(random, levels)}`);
  }
  return found;
}

/** An object of such members, sometimes with white space. @param {Random} random @param {readonly string[]} of */
export function record(random, of) {
  return random.chance(0.03) ? `{ ${of.join(" ,\n\t")}\r\n}` : `{${of.join(",")}}`;
}

/** Deeper than anybody needs. @param {Random} random */
export function nested(random) {
  const depth = random.pick([50, 99, 100, 101, 150, 400]);
  return random.chance(0.5) ? "[".repeat(depth) + "]".repeat(depth) : `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
}
