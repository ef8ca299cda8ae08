// @ts-check
import { mutate } from "../lib/mutate.mjs";
import { record, string, value } from "./json.mjs";
import { actionOf, fieldsOf } from "./requests.mjs";

/** @typedef {import("../lib/random.mjs").Random} Random */
/**
 * One event of a client. `args` is a list in JSON, the name first; `{ "_placeholder": true, "num": 0 }` stands for the
 * first of `attachments`.
 *
 * @typedef {{ id?: number, args: string, attachments: string[] }} Event
 */

/** Event names that socket.io's own parser rejects. */
const UNSAYABLE = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/** @param {Random} random */
function nameOf(random) {
  if (random.chance(0.02)) return random.pick(["7", "-1", "0", "1e999"]);
  const name = random.chance(0.02) ? "error" : actionOf(random);
  return string(random, UNSAYABLE.includes(name) ? "open" : name);
}

/** An event that the parser reads. @param {Random} random @returns {Event} */
export function event(random) {
  const args = [nameOf(random)];
  const attachments = [];
  const kind = random.below(10);
  const fields = fieldsOf(random);
  if (random.chance(0.06)) {
    fields.push('"blob":{"_placeholder":true,"num":0}');
    attachments.push(random.bytes(random.below(20)));
  }
  if (kind < 7 || attachments.length > 0) args.push(record(random, fields));
  else if (kind < 9) args.push(value(random, 2));
  for (let left = random.small(3); left > 0; left--) args.push(value(random, 2));
  const id = random.chance(0.6) ? random.below(1000) : undefined;
  return { ...(id !== undefined && { id }), args: `[${args.join(",")}]`, attachments };
}

/** The packets of an event, as the parser of socket.io writes them. @param {Event} event @param {string} namespace @returns {string[]} Binary ones begin with `b`. */
export function write({ id, args, attachments }, namespace) {
  const type = attachments.length > 0 ? `5${attachments.length}-` : "2";
  const where = namespace === "/" ? "" : `${namespace},`;
  return [`4${type}${where}${id ?? ""}${args}`, ...attachments.map((bytes) => `b${bytes}`)];
}

/** Invalid packets of a client. @param {Random} random @returns {string[]} */
export function strange(random) {
  const [first = "", ...more] = write(
    event(random),
    random.pick(["/", "/", "/admin", "/dyn-7", "/nowhere", "/__proto__", "/constructor", "", "/,"]),
  );
  switch (random.below(14)) {
    case 0:
      return [`45${1 + random.below(12)}-[${string(random, "open")},{"_placeholder":true,"num":${random.below(3)}}]`];
    case 1:
      return [first, ...more, `b${random.bytes(5)}`];
    case 2:
      return [`b${random.bytes(random.below(9))}`, first];
    case 3:
      if (random.chance(0.3)) return ["40/dyn-9,", '40/dyn-9,{"token":"ann"}', "40/dyn-10,", '42/dyn-9,["open"]'];
      return [
        `40${random.pick(["", "/admin,", "/dyn-8,", "/nowhere,", "/dyn-x,", "/__proto__,"])}${random.pick(["", '{"token":"root"}', "[]", "1", '{"__proto__":{"token":"root"}}', "{"])}`,
      ];
    case 4:
      return [`41${random.pick(["", "/admin,", "/dyn-7,", "/nowhere,", "{}"])}`];
    case 5:
      return [
        `43${random.below(5)}[${value(random, 1)}]`,
        `461-${random.below(5)}[{"_placeholder":true,"num":0}]`,
        "bxy",
      ];
    case 6:
      return [`44${value(random, 1)}`, "44", '44{"message":"x"}'];
    case 7:
      return [`42["${random.pick(UNSAYABLE)}",{"room":"lobby"}]`];
    case 8:
      return [
        random.pick([
          "0",
          "1",
          "2",
          "2probe",
          "3",
          "5",
          "6",
          "7",
          "",
          "4",
          "42",
          "42[",
          "42[]",
          "42{}",
          "42[null]",
          '42[["open"]]',
          '42[{"toString":"open"}]',
          "49",
          "4-1",
          '4"',
        ]),
      ];
    case 9:
      return [`42${random.pick(["1e3", "00", "-1", "9".repeat(25), " 1", "0x1"])}${first.slice(2)}`];
    default:
      return [mutate(random, first), ...more];
  }
}
