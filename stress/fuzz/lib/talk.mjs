// @ts-check
import { Finding } from "./ledger.mjs";
import { answerTo, read } from "./readings.mjs";
import { BINARY, frame, Reader, TEXT, upgrade } from "./websocket.mjs";

/** @typedef {import("../grammar/requests.mjs").Message} Message */
/**
 * One connection and the messages on it.
 *
 * @typedef {{ path: string, codec: string, token: string, messages: Message[], isSplit: boolean }} Talk
 */

/** How long an answer may take, in milliseconds: far more than any takes. */
export const PATIENCE = 60_000;

/** The application's answer to every message that has reached it. */
export const HEARD = "!";

/** A message that every client may send, and its answer the last to come. @type {Record<string, string>} */
const LAST = {
  dcrf: '{"action":"open","request_id":"last"}',
  multiplex: '{"stream":"main","payload":{"action":"open","request_id":"last"}}',
  json: '{"type":"open","id":"last"}',
  "json-rpc": '{"jsonrpc":"2.0","method":"open","id":"last"}',
};

/** The code of a refusal. @type {Record<string, (answer: any) => unknown>} */
const CODE = {
  dcrf: (answer) => answer.data.code,
  multiplex: (answer) => answer.payload.data.code,
  json: (answer) => answer.error.code,
  "json-rpc": (answer) => answer.error.data.code,
};

/** @param {Message} message */
export const bytesOf = ({ text, data }) => (text === undefined ? Buffer.from(data ?? "", "latin1") : Buffer.from(text));

/** The code of an answer. @param {string} codec @param {number} opcode @param {Buffer} payload */
export function codeOf(codec, opcode, payload) {
  const text = payload.toString();
  if (text === HEARD) return "allow";
  try {
    const answer = JSON.parse(text);
    if (Array.isArray(answer)) return `[${answer.map((one) => /** @type {any} */ (CODE)[codec](one))}]`;
    return String(/** @type {any} */ (CODE)[codec](answer));
  } catch {
    return `frame ${opcode} ${text.slice(0, 100)}`;
  }
}

/** Counts by name. @param {Iterable<string>} names @returns {Record<string, number>} */
export function count(names) {
  /** @type {Record<string, number>} */
  const counts = Object.create(null);
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/**
 * Sends all messages and compares what comes back with what must: one answer each, in order, and nothing else.
 *
 * @param {import("./links.mjs").Link} link
 * @param {Talk} talk
 * @param {(reading: import("./readings.mjs").Reading) => string} outcome What a message must lead to.
 */
export async function exchange(link, { path, codec, token, messages, isSplit }, outcome) {
  /** @type {string[]} */
  const expected = [];
  const frames = messages.map((message) => {
    const bytes = bytesOf(message);
    const said = answerTo(read(codec, bytes), outcome);
    if (said !== undefined) expected.push(said);
    return frame(message.isBinary ? BINARY : TEXT, bytes);
  });
  expected.push("allow");
  frames.push(frame(TEXT, Buffer.from(/** @type {string} */ (LAST[codec]))));
  /** @type {string[]} */
  const answers = [];
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(lost(expected, answers)), PATIENCE);
    const end = () => {
      clearTimeout(timer);
      resolve(undefined);
    };
    const reader = new Reader((opcode, payload) => {
      answers.push(codeOf(codec, opcode, payload));
      if (answers.length === expected.length) end();
    });
    link.onData = (chunk) => reader.push(chunk);
    void link.closed.then(end);
    link.write(upgrade(path, [`Authorization: Bearer ${token}`]));
    send(link, Buffer.concat(frames), isSplit);
  });
  link.destroy();
  for (const [index, said] of expected.entries()) {
    if (answers[index] !== said) throw differs(index, said, answers[index]);
  }
  const outcomes = expected.slice(0, -1).map((said) => (said.startsWith("[") ? "a batch that is refused" : said));
  return { inputs: messages.length, outcomes: count(outcomes) };
}

/** @param {import("./links.mjs").Link} link @param {Buffer} bytes @param {boolean} isSplit */
function send(link, bytes, isSplit) {
  const at = isSplit ? Math.floor(bytes.length / 3) : bytes.length;
  link.write(bytes.subarray(0, at));
  if (isSplit) setImmediate(() => link.write(bytes.subarray(at)));
}

/** @param {readonly string[]} expected @param {readonly string[]} answers */
function lost(expected, answers) {
  return new Finding("lost", `${expected.length} answers were due, ${answers.length} came`);
}

/** @param {number} index @param {string} said @param {string | undefined} answer */
function differs(index, said, answer) {
  return new Finding("differs", `answer ${index} must be "${said}", and is "${answer ?? "missing"}"`);
}
