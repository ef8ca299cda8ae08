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
  "a paused connection reads no data ahead in this runtime, so the buffer that the test needs stays empty";
const CUTS_OFF_WITHOUT_A_GUARD =
  "in this runtime socket.io disconnects a client that enters a second namespace twice in one packet, also without a guard";
const OWN_WS =
  "Bun replaces ws by an implementation of its own, without a parser that the guard can hold: it forwards a burst at once, and `limits` bound what waits";
const OWN_BUFFER =
  "the ws of Bun reads and writes in other steps, so the buffers that the test needs do not fill; `limits.unread` holds";
const OWN_CLOSE =
  "the ws of Bun answers the close of a client itself, so the answers to the messages right before it are lost";
const CROSSWS = "packages/adapter-crossws/test/conformance.test.ts";

/** @type {readonly Known[]} */
export const KNOWN = [
  {
    kind: "bun",
    file: CROSSWS,
    title: /arrive while the decision is pending|messages of a refused client|slots before authentication|async gap/,
    why: "Bun answers 400 to a client that sends before its upgrade is answered: nothing reaches the guard",
  },
  {
    kind: "bun",
    file: CROSSWS,
    title: /no hole is found by the attack kit/,
    why: "a request whose headers never end is kept by the HTTP server, before any upgrade",
  },
  {
    kind: "deno",
    file: CROSSWS,
    title: /no hole is found by the attack kit/,
    why: "a request whose headers never end is kept by the HTTP server, before any upgrade",
  },
  {
    kind: "deno",
    file: "packages/adapter-crossws/src/upgrade.test.ts",
    title: /headers of rules are sent with both answers/,
    why: "Deno sends no headers of the application with the response that accepts, also without a guard",
  },
  {
    kind: "deno",
    file: "packages/adapter-crossws/src/upgrade.test.ts",
    title: /`close` answers with the first subprotocol/,
    why: "Deno finds a subprotocol only in a list with blanks, as browsers send it: the client of ws gets 500, also without a guard",
  },
  {
    kind: "deno",
    file: CROSSWS,
    title:
      /at twice the cap the connection is closed|a rule that closes the connection refuses|messages of a refused client/,
    why: "Deno resets a connection that it closes while bytes are unread, so that the client loses the code: nothing is handled",
  },
  {
    kind: "bun",
    file: "packages/core/test/copies.test.ts",
    title: /says what it says of one of its own/,
    why: "Bun loads a module that is reset only once, so the test has no second copy of the core",
  },
  {
    kind: "bun",
    file: "packages/core/src/util/async-context.test.ts",
    title: /for rules without `signal`, without `onDecision`/,
    why: "the test counts contexts with `createHook`, which Bun does not call for them",
  },
  {
    kind: "bun",
    file: "packages/adapter-ws/src/fair-scheduling.test.ts",
    title: /a client that sends a burst|stays false when the server has set it/,
    why: OWN_WS,
  },
  {
    kind: "bun",
    file: "packages/adapter-ws/src/parser.test.ts",
    title: /a parser that is held/,
    why: OWN_WS,
  },
  {
    kind: "bun",
    file: "packages/adapter-ws/src/bad-input.test.ts",
    title: /are held by the parser/,
    why: OWN_WS,
  },
  {
    kind: "bun",
    file: "packages/adapter-ws/src/breaking.test.ts",
    title: /that breaks after its last byte/,
    why: OWN_WS,
  },
  {
    kind: "bun",
    file: "packages/adapter-ws/src/breaking.test.ts",
    title: /drops messages behind unread answers/,
    why: OWN_BUFFER,
  },
  {
    kind: "bun",
    file: "packages/adapter-ws/src/breaking.test.ts",
    title: /what is still in the buffer when a connection breaks/,
    why: READS_NOTHING_AHEAD,
  },
  {
    kind: "bun",
    file: "packages/adapter-ws/src/delivery.test.ts",
    title: /counts answers of the guard|resumes once messages are decided/,
    why: OWN_BUFFER,
  },
  {
    kind: "bun",
    file: "packages/adapter-ws/src/heartbeat.test.ts",
    title: /that does not read gets pongs up to the limit/,
    why: OWN_BUFFER,
  },
  {
    kind: "bun",
    file: "packages/adapter-ws/src/closing.test.ts",
    title: /an orderly close|messages right before a close/,
    why: OWN_CLOSE,
  },
  {
    kind: "bun",
    file: "packages/adapter-ws/src/own-class.test.ts",
    title: /calls before a socket is open/,
    why: "the test calls `setSocket` of ws, which the sockets of Bun do not use",
  },
  {
    kind: "bun",
    file: "packages/adapter-ws/src/misuse.test.ts",
    title: /a ws that does not read its options/,
    why: "the test replaces an export of ws, which Bun does not allow",
  },
  {
    kind: "bun",
    file: "packages/adapter-ws/test/attack.test.ts",
    title: /without its defence: early-messages/,
    why: "Bun answers 400 to a client that sends before its upgrade is answered: nothing reaches the guard",
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
    why: "the test reads private fields of ws, which the ws of Bun does not have",
  },
  {
    kind: "bun",
    file: "packages/adapter-socketio/src/engine/fair-scheduling.test.ts",
    title: /sends much at once|take turns once they are upgraded/,
    why: "the test buffers packets with cork(), which sockets of this runtime lack",
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
    why: "an HTTP request has no `httpVersion` in Bun; a request that the bridge makes has 1.1, as in Node",
  },
  {
    kind: "bun",
    file: "packages/adapter-express-bridge/test/socketio.test.ts",
    title: /has its address when the first is closed, in authenticate/,
    why: "a closed connection has no address in Bun, so the rule that reads it refuses",
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
