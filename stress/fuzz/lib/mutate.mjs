// @ts-check

/** Pieces that parsers have stumbled over. */
const PIECES = [
  "\0",
  "\r\n",
  "\r",
  "\n",
  "\ufeff",
  "\ud800",
  "\u2028",
  '"',
  "\\",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "/",
  "%00",
  "-",
  "e",
  "0",
  "__proto__",
  "9".repeat(20),
  " ",
  "\x7f",
  "\xff",
  "constructor",
];

/**
 * Changes a text in one to three places: takes out, repeats, moves or puts in.
 *
 * @param {import("./random.mjs").Random} random
 * @param {string} text
 */
export function mutate(random, text) {
  let changed = text;
  for (let times = 1 + random.below(3); times > 0; times--) changed = once(random, changed);
  return changed;
}

/** @param {import("./random.mjs").Random} random @param {string} text */
function once(random, text) {
  const at = random.below(text.length + 1);
  const length = 1 + random.small(8);
  switch (random.below(6)) {
    case 0:
      return text.slice(0, at) + text.slice(at + length);
    case 1:
      return text.slice(0, at) + random.pick(PIECES) + text.slice(at);
    case 2:
      return text.slice(0, at) + text.slice(Math.max(0, at - length));
    case 3:
      return text.slice(0, at) + random.pick(PIECES) + text.slice(at + length);
    case 4:
      return text.slice(0, at);
    default: {
      const code = text.charCodeAt(Math.min(at, text.length - 1)) || 0;
      return text.slice(0, at) + String.fromCharCode(code ^ (1 << random.below(7))) + text.slice(at + 1);
    }
  }
}
