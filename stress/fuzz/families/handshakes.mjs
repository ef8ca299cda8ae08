// @ts-check
import { handshake } from "../grammar/handshakes.mjs";
import { askAsMember } from "../lib/controls.mjs";
import { Finding } from "../lib/ledger.mjs";
import { PATIENCE } from "../lib/talk.mjs";

/** How long a client waits that does not know whether it has sent a whole request, in milliseconds. */
const IDLE = 20;

/**
 * Bytes on a new connection. A client that gets no answer says that it sends no more, and then the server must close.
 *
 * @type {import("../lib/drive.mjs").Family}
 */
export const handshakes = {
  name: "handshakes",
  server: "ws",
  isInMemory: false,
  size: 500,
  atOnce: 48,
  conversation(random) {
    return {
      bytes: handshake(random),
      isClosing: random.chance(0.4),
      cut: random.chance(0.1) ? random.below(200) : 0,
      leaves: random.pick(["waits", "waits", "waits", "waits", "ends", "resets"]),
    };
  },
  async play({ bytes, isClosing, cut, leaves }, connect) {
    const link = connect(isClosing ? "closing" : "members");
    let heard = "";
    let isHeard = (/** @type {void} */ _heard) => {};
    const first = new Promise((resolve) => {
      isHeard = resolve;
    });
    link.onData = (chunk) => {
      heard += chunk.toString("latin1");
      isHeard();
    };
    link.write(Buffer.from(bytes.slice(0, cut || undefined), "latin1"));
    if (cut > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      link.write(Buffer.from(bytes.slice(cut), "latin1"));
    }
    if (leaves === "waits") await Promise.race([first, link.closed, wait(IDLE)]);
    if (leaves === "resets") link.destroy();
    else link.end();
    const timer = setTimeout(() => link.destroy(), PATIENCE);
    const begun = Date.now();
    await link.closed;
    clearTimeout(timer);
    if (Date.now() - begun >= PATIENCE) throw new Finding("left open", "the server did not close the connection");
    return { inputs: 1, outcomes: { [judge(bytes, heard)]: 1 } };
  },
  async control({ members, closing }) {
    await askAsMember(/** @type {number} */ (members), "/");
    await askAsMember(/** @type {number} */ (closing), "/");
  },
};

const wait = (/** @type {number} */ milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Expects at most one answer, without internals. @param {string} bytes @param {string} heard */
function judge(bytes, heard) {
  const statuses = [...heard.matchAll(/(?:^|\r\n\r\n|\})HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);
  const finals = statuses.filter((status) => status !== "100");
  const requests = bytes.split(/\r?\n\r?\n/).length;
  if (finals.length > requests) throw new Finding("too many", `${finals.length} answers: ${heard.slice(0, 300)}`);
  if (/node:internal|\.js:\d+/.test(heard)) throw new Finding("leaks", heard.slice(0, 500));
  return finals[0] === "101" && /\x88/.test(heard) ? "101, closed" : (finals[0] ?? "no answer");
}
