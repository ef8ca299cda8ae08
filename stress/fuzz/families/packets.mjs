// @ts-check
import { event, strange, write } from "../grammar/packets.mjs";
import { askAsVisitor } from "../lib/controls.mjs";
import { overPolling, overWebSocket } from "../lib/engine.mjs";
import { Finding } from "../lib/ledger.mjs";
import { decode, encode } from "../lib/msgpack.mjs";
import { mutate } from "../lib/mutate.mjs";
import { eventOutcome, userOf } from "../lib/readings.mjs";
import { count, HEARD, PATIENCE } from "../lib/talk.mjs";

/** @typedef {import("../lib/drive.mjs").Family} Family */
/** @typedef {import("../grammar/packets.mjs").Event} Event */
/** @typedef {{ isMsgpack: boolean, namespace: string, token: string, isPolling: boolean, events?: Event[], packets?: string[][] }} Talk */

/** The number of the acknowledgement that comes last. */
const LAST = 5_000_000;

/** One event in the parser of the server. @param {Talk} talk @param {Event} of */
function packetsOf({ isMsgpack, namespace }, of) {
  if (!isMsgpack) return write(of, namespace);
  return [packed({ type: 2, nsp: namespace, data: JSON.parse(of.args), ...(of.id !== undefined && { id: of.id }) })];
}

/** @param {object} packet */
const packed = (packet) => `b${encode(packet).toString("latin1")}`;

/** The expected outcome of an event. @param {Talk} talk @param {Event} of */
function expectedOf({ isMsgpack, token }, { args, attachments }) {
  const read = JSON.parse(args);
  const [name, ...rest] = isMsgpack ? decode(encode({ type: 2, nsp: "/", data: read })).data : read;
  if (isMsgpack && bringsPrototype(read)) return "bad_message";
  const isBytes = attachments.length > 0 && !isMsgpack && rest[0]?._placeholder === true;
  return eventOutcome(userOf(token), name, isBytes ? [] : rest);
}

/** True when msgpack turns a value under `__proto__` into a prototype. @param {any} value @returns {boolean} */
function bringsPrototype(value) {
  if (typeof value !== "object" || value === null) return false;
  const own = Object.getOwnPropertyDescriptor(value, "__proto__")?.value;
  return (typeof own === "object" && own !== null) || Object.values(value).some(bringsPrototype);
}

/** An answer of the server: the number of its acknowledgement, and its data. @param {boolean} isMsgpack @param {string} packet */
function answerOf(isMsgpack, packet) {
  if (isMsgpack) return packet.startsWith("b") ? decode(Buffer.from(packet.slice(1), "latin1")) : undefined;
  // The number of a client may be so large that it is written with an exponent.
  const [, type, id, data] = /^4(\d)(?:\/[^,]*,)?(\d*(?:\.\d+)?(?:e\+\d+)?)(.*)$/s.exec(packet) ?? [];
  if (type === undefined) return undefined;
  return { type: Number(type), id: id === "" ? undefined : Number(id), data: data ? JSON.parse(data) : undefined };
}

/** @param {{ type: number, data: any }} answer */
function codeOf({ type, data }) {
  if (data[0] === HEARD) return "allow";
  return String((type === 3 ? data[0] : data[1])?.error?.code);
}

/** Opens a connection and enters a namespace. @param {Talk} talk @param {Parameters<Family["play"]>[1]} connect @param {Record<string, number>} ports */
async function enter({ isMsgpack, namespace, token, isPolling }, connect, ports) {
  const name = isMsgpack ? "msgpack" : "json";
  const engine = isPolling ? overPolling(/** @type {number} */ (ports[name])) : overWebSocket(connect(name));
  const opened = new Promise((resolve) => {
    engine.onPacket = (packet) => packet.startsWith("0") && resolve(undefined);
    void engine.closed.then(resolve);
  });
  await opened;
  const entered = new Promise((resolve) => {
    engine.onPacket = (packet) => [0, 4].includes(answerOf(isMsgpack, packet)?.type) && resolve(undefined);
    void engine.closed.then(resolve);
  });
  const where = namespace === "/" ? "" : `${namespace},`;
  await engine.send([
    isMsgpack ? packed({ type: 0, nsp: namespace, data: { token } }) : `40${where}${JSON.stringify({ token })}`,
  ]);
  await entered;
  return engine;
}

/** Events that keep the rules: one answer each, in order. @param {Talk & { events: Event[] }} talk @param {Parameters<Family["play"]>[1]} connect @param {Record<string, number>} ports */
async function exchange(talk, connect, ports) {
  const { isMsgpack, namespace, events } = talk;
  const engine = await enter(talk, connect, ports);
  const last = { id: LAST, args: '["open"]', attachments: [] };
  const expected = [...events, last].map((of) => `${of.id ?? "-"} ${of === last ? "allow" : expectedOf(talk, of)}`);
  /** @type {string[]} */
  const answers = [];
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, PATIENCE);
    const end = () => resolve(clearTimeout(timer));
    engine.onPacket = (packet) => {
      const answer = answerOf(isMsgpack, packet);
      if (answer === undefined || ![2, 3].includes(answer.type)) return;
      answers.push(`${answer.id ?? "-"} ${codeOf(answer)}`);
      if (answer.id === LAST) end();
    };
    void engine.closed.then(end);
    void engine.send([...events, last].flatMap((of) => packetsOf({ ...talk, namespace }, of)));
  });
  await engine.end();
  if (engine.failure !== undefined) throw engine.failure;
  for (const [index, said] of expected.entries()) {
    if (answers[index] !== said) {
      throw new Finding(
        "differs",
        `answer ${index} must be "${said}", and is "${answers[index] ?? `missing (${answers.length} of ${expected.length})`}"`,
      );
    }
  }
  return { inputs: events.length, outcomes: count(expected.slice(0, -1).map((said) => said.split(" ")[1] ?? "")) };
}

/** Packets that keep none: never more answers than questions. @param {Talk & { packets: string[][] }} talk @param {Parameters<Family["play"]>[1]} connect @param {Record<string, number>} ports */
async function provoke(talk, connect, ports) {
  const { isMsgpack, packets } = talk;
  const engine = await enter(talk, connect, ports);
  /** @type {string[]} */
  const answers = [];
  engine.onPacket = (packet) => {
    const answer = answerOf(isMsgpack, packet);
    if (Array.isArray(answer?.data)) answers.push(codeOf(answer));
  };
  if (talk.isPolling) for (const group of packets) await engine.send(group);
  else await engine.send(packets.flat());
  await engine.end();
  if (engine.failure !== undefined) throw engine.failure;
  const sent = packets.flat().length;
  if (answers.length > sent) throw new Finding("too many", `${answers.length} answers to ${sent} packets`);
  return { inputs: packets.length, outcomes: count(answers) };
}

/** Mutated and invalid packets for the msgpack parser. @param {import("../lib/random.mjs").Random} random @param {Talk} talk @returns {string[]} */
function strangeBytes(random, talk) {
  if (random.chance(0.5)) return packetsOf(talk, event(random)).map((packet) => `b${mutate(random, packet.slice(1))}`);
  const data = random.pick([
    [],
    [null],
    [{}],
    [true],
    [["open"]],
    [7],
    ["connect"],
    ["disconnecting", "x"],
    ["newListener"],
    ["error", 1],
    [Buffer.from("open")],
  ]);
  return [packed({ type: 2, nsp: talk.namespace, data, ...(random.chance(0.5) && { id: random.below(9) }) })];
}

/** @param {string} name @param {number} events @param {number} wrong How often no rules are kept. @param {Pick<Family, "isInMemory" | "size" | "atOnce">} how @returns {Family} */
const family = (name, events, wrong, how) => ({
  name,
  server: "socketio",
  ...how,
  conversation(random) {
    const namespace = random.pick(["/", "/", "/dyn-7", "/admin"]);
    const token = namespace === "/admin" ? "root" : random.pick(["ann", "ann", "root", "nobody", ""]);
    const isMsgpack = random.chance(0.25);
    const isPolling = !how.isInMemory && random.chance(0.4);
    const talk = { isMsgpack, namespace, token, isPolling };
    if (!random.chance(wrong)) {
      return { ...talk, events: Array.from({ length: 1 + random.below(2 * events) }, () => event(random)) };
    }
    const bad = () => (isMsgpack ? strangeBytes(random, talk) : strange(random));
    const one = () => (random.chance(0.7) ? packetsOf(talk, event(random)) : bad());
    return { ...talk, packets: Array.from({ length: 1 + random.below(12) }, one) };
  },
  play: (talk, connect, ports) => (talk.events ? exchange : provoke)(talk, connect, ports),
  control: ({ json, msgpack }) => askAsVisitor(/** @type {number} */ (json), /** @type {number} */ (msgpack)),
});

/** Packets of engine.io and socket.io over both transports, with both parsers. */
export const packets = family("packets", 30, 0.5, { isInMemory: false, size: 100, atOnce: 16 });

/** Events through the same parsers, without a kernel between. */
export const events = family("events", 200, 0.1, { isInMemory: true, size: 60, atOnce: 2 });
