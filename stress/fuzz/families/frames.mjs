// @ts-check
import { step } from "../grammar/frames.mjs";
import { askAsMember } from "../lib/controls.mjs";
import { Finding } from "../lib/ledger.mjs";
import { codeOf, count, PATIENCE } from "../lib/talk.mjs";
import { CLOSE, Reader, TEXT, upgrade } from "../lib/websocket.mjs";

/**
 * Frames as no library writes them. After the last one the client says that it sends no more: the server must close.
 *
 * @type {import("../lib/drive.mjs").Family}
 */
export const frames = {
  name: "frames",
  server: "ws",
  isInMemory: false,
  size: 200,
  atOnce: 24,
  conversation(random) {
    const isDeflating = random.chance(0.3);
    const token = random.pick(["ann", "root", "nobody"]);
    const length = 1 + random.below(40);
    const steps = Array.from({ length }, () => step(random, isDeflating));
    return { isDeflating, token, steps, isSplit: random.chance(0.3), isRude: random.chance(0.1) };
  },
  async play({ isDeflating, token, steps, isSplit, isRude }, connect) {
    const link = connect("main");
    /** @type {string[]} */
    const answers = [];
    let closes = 0;
    const reader = new Reader((opcode, payload) => {
      if (opcode === TEXT) answers.push(answerOf(isDeflating, payload));
      if (opcode === CLOSE) closes += 1;
    });
    link.onData = (chunk) => reader.push(chunk);
    const headers = [`Authorization: Bearer ${token}`];
    if (isDeflating) headers.push("Sec-WebSocket-Extensions: permessage-deflate");
    link.write(upgrade(isDeflating ? "/deflate" : "/dcrf", headers));
    const bytes = Buffer.from(steps.join(""), "latin1");
    const at = isSplit ? Math.floor(bytes.length / 2) : bytes.length;
    link.write(bytes.subarray(0, at));
    if (isSplit) await new Promise((resolve) => setImmediate(resolve));
    link.write(bytes.subarray(at));
    if (isRude) link.destroy();
    else link.end();
    const timer = setTimeout(() => link.destroy(), PATIENCE);
    await link.closed;
    clearTimeout(timer);
    if (!isRude && reader.status !== 101) throw new Finding("refused", `the handshake got ${reader.status}`);
    // A fragmented message is one step, and so is each that is no message: never more answers than steps.
    if (answers.length > steps.length) throw new Finding("too many", `${answers.length} answers to ${steps.length}`);
    if (closes > 1) throw new Finding("too many", `${closes} close frames`);
    return { inputs: steps.length, outcomes: { ...count(answers), closed: closes } };
  },
  control: ({ main }) => askAsMember(/** @type {number} */ (main)),
};

/** The code of an answer; a long one may be compressed. @param {boolean} isDeflating @param {Buffer} payload */
function answerOf(isDeflating, payload) {
  const code = codeOf("dcrf", TEXT, payload);
  return isDeflating && code.startsWith("frame") ? "compressed" : code;
}
