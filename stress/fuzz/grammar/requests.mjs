// @ts-check
import { mutate } from "../lib/mutate.mjs";
import { members, nested, record, string, value } from "./json.mjs";

/** @typedef {import("../lib/random.mjs").Random} Random */
/**
 * One message of a client. `text` is sent as UTF-8, `data` byte by byte.
 *
 * @typedef {{ text?: string, data?: string, isBinary?: boolean }} Message
 */

export const ACTIONS = ["open", "member", "room", "admin", "either", "later", "never", "fault"];
const OTHERS = [
  "connect",
  "constructor",
  "__proto__",
  "toString",
  "hasOwnProperty",
  "",
  "OPEN",
  "open ",
  "op\u0000en",
  "\ud800",
  "valueOf",
  "error",
  "disconnect",
  "then",
  "*",
];

/** Names of actions: mostly those that are there. @param {Random} random @param {readonly string[]} names */
export function actionOf(random, names = ACTIONS) {
  return random.chance(0.85) ? random.pick(names) : random.pick(OTHERS);
}

/** The fields that rules read, as members of JSON. @param {Random} random @returns {string[]} */
export function fieldsOf(random) {
  const fields = [];
  if (random.chance(0.6)) fields.push(`"room":${random.chance(0.7) ? '"lobby"' : value(random, 1)}`);
  if (random.chance(0.08)) fields.push(`"flagged":${random.chance(0.7) ? "true" : value(random, 1)}`);
  if (random.chance(0.15)) fields.push(`"ok":${value(random, 1)}`);
  if (random.chance(0.05)) fields.push(`"__proto__":${random.chance(0.5) ? '{"room":"lobby"}' : value(random, 2)}`);
  if (random.chance(0.25)) fields.push(...members(random, 1 + random.below(3), 2));
  return fields;
}

/** An id: mostly one that can be told from others. @param {Random} random */
function idOf(random) {
  if (random.chance(0.005)) return nested(random);
  return random.chance(0.85) ? String(random.bits()) : value(random, 2);
}

/** @param {Random} random @param {string} key @param {string} good What is usual there. */
function member(random, key, good) {
  if (random.chance(0.02)) return [];
  const one = `"${key}":${random.chance(0.03) ? value(random, 2) : good}`;
  // Of two with the same name the last counts, for whoever reads it with JSON.parse.
  return random.chance(0.02) ? [`"${key}":${value(random, 1)}`, one] : [one];
}

/** Puts members in another order now and then. @param {Random} random @param {string[]} list */
function stirred(random, list) {
  if (random.chance(0.2)) list.reverse();
  return record(random, list);
}

/** @type {Record<string, (random: Random, names: readonly string[]) => string>} */
const ENVELOPES = {
  dcrf: (random, names) =>
    stirred(random, [
      ...member(random, "action", string(random, actionOf(random, names))),
      ...member(random, "request_id", idOf(random)),
      ...fieldsOf(random),
    ]),
  multiplex: (random, names) =>
    stirred(random, [
      ...member(random, "stream", random.pick(['"main"', '"main"', '"main"', '"other"', '""', '"__proto__"'])),
      ...member(random, "payload", /** @type {any} */ (ENVELOPES.dcrf)(random, names)),
    ]),
  json: (random, names) =>
    stirred(random, [
      ...member(random, "type", string(random, actionOf(random, names))),
      ...member(random, "id", idOf(random)),
      ...fieldsOf(random),
    ]),
  "json-rpc": (random, names) =>
    stirred(random, [
      ...member(random, "jsonrpc", '"2.0"'),
      ...member(random, "method", string(random, actionOf(random, names))),
      ...(random.chance(0.2) ? [] : member(random, "id", idOf(random))),
      ...(random.chance(0.2)
        ? member(random, "params", `[${value(random, 2)}]`)
        : member(random, "params", record(random, fieldsOf(random)))),
    ]),
};

export const CODECS = Object.keys(ENVELOPES);

/**
 * One message in the envelope of a codec, well-formed or not.
 *
 * @param {Random} random
 * @param {string} codec
 * @param {readonly string[]} [names] Of the actions.
 * @returns {Message}
 */
export function request(random, codec, names = ACTIONS) {
  const one = () => /** @type {any} */ (ENVELOPES)[codec](random, names);
  const isBatch = codec === "json-rpc" && random.chance(0.15);
  const text = isBatch ? `[${Array.from({ length: 1 + random.below(5) }, one)}]` : one();
  const isBinary = random.chance(0.2);
  switch (random.below(25)) {
    case 0:
      return { text: mutate(random, text), isBinary };
    case 1:
      return { text: value(random), isBinary };
    case 2:
      return {
        text: random.pick([`[${text}]`, `\ufeff${text}`, ` ${text}\n`, `${text}${text}`, "", JSON.stringify(text)]),
        isBinary,
      };
    case 3:
      // A text frame that is no UTF-8 ends the connection: that is for another family.
      return { data: mutate(random, text).replaceAll(/[^\0-\xff]/g, "?"), isBinary: true };
    default:
      return { text, isBinary };
  }
}
