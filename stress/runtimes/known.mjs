// @ts-check
// Why a test fails in a runtime, where that is known. A reason says what the runtime does, and that nothing opens by it.

/**
 * @typedef {object} Known
 * @property {string} kind of the runtime
 * @property {string} file
 * @property {RegExp} title
 * @property {string} why
 */

const READS_NOTHING_AHEAD =
  "a paused connection reads nothing ahead there, so that what the test prepares cannot be: nothing is in the buffer";
const CUTS_OFF_WITHOUT_A_GUARD =
  "a client that enters a second namespace twice in one packet is cut off there by socket.io, also without a guard";

/** @type {readonly Known[]} */
export const KNOWN = [
  {
    kind: "bun",
    file: "packages/adapter-ws/src/closing.test.ts",
    title: /what is still in the buffer when a connection breaks/,
    why: READS_NOTHING_AHEAD,
  },
  {
    kind: "deno",
    file: "packages/adapter-ws/src/closing.test.ts",
    title: /what is still in the buffer when a connection breaks/,
    why: READS_NOTHING_AHEAD,
  },
  {
    kind: "bun",
    file: "packages/adapter-ws/src/delivery.test.ts",
    title: /is what ws emitted: the same object/,
    why: "the test looks inside ws, and the ws of Bun has no such inside",
  },
  {
    kind: "bun",
    file: "packages/adapter-socketio/src/engine/fair-scheduling.test.ts",
    title: /sends much at once|take turns once they are upgraded/,
    why: "the test holds packets back with cork(), which a socket there has not",
  },
  {
    kind: "bun",
    file: "packages/adapter-socketio/src/listening.test.ts",
    title: /are sent although a listener throws during a close/,
    why: CUTS_OFF_WITHOUT_A_GUARD,
  },
  {
    kind: "bun",
    file: "packages/adapter-socketio/src/closing.test.ts",
    title: /lets a client return while its earlier events are decided/,
    why: CUTS_OFF_WITHOUT_A_GUARD,
  },
  {
    kind: "bun",
    file: "packages/adapter-express-bridge/test/matrix/edges.test.ts",
    title: /tells all it knows of a request/,
    why: "a request of HTTP has no `httpVersion` in Bun; one that the bridge makes says 1.1, as in Node",
  },
  {
    kind: "bun",
    file: "packages/adapter-express-bridge/test/socketio.test.ts",
    title: /has its address when the first is closed, in authenticate/,
    why: "a connection that is closed has no address any more: the rule that asks for it refuses",
  },
];

/**
 * @param {string} kind
 * @param {string} file
 * @param {string} title
 * @returns {string | undefined} why it fails
 */
export function reasonOf(kind, file, title) {
  return KNOWN.find((known) => known.kind === kind && known.file === file && known.title.test(title))?.why;
}
