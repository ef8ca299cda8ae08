// @ts-check
import { openClient } from "./connection.js";
import { signIn, signOut } from "./session.js";

/** Longer than any rule has time. */
const PATIENCE = 9000;

/**
 * @typedef {object} Answer
 * @property {string} sent as it went over the wire
 * @property {number} status
 * @property {string} code
 * @property {string} reason
 */

/**
 * Asks one question on a connection of its own, which is closed then.
 *
 * @param {import("./connection.js").Transport} transport
 * @param {string} account
 * @param {{ action: string } & Record<string, unknown>} frame
 * @returns {Promise<Answer>}
 */
export async function askOnce(transport, account, frame) {
  const session = (await signIn(account))?.session;
  const { line, answer } = ask(transport, session, frame);
  const timer = new AbortController();
  const patience = new Promise((/** @type {(answer: Answer) => void} */ resolve) => {
    const late = setTimeout(() => resolve({ sent: "", status: 0, code: "no answer", reason: "" }), PATIENCE);
    timer.signal.addEventListener("abort", () => clearTimeout(late));
  });
  try {
    return await Promise.race([answer, patience]);
  } finally {
    timer.abort();
    line.close();
    signOut(session);
  }
}

/**
 * @param {import("./connection.js").Transport} transport
 * @param {string | undefined} session
 * @param {{ action: string } & Record<string, unknown>} frame
 */
function ask(transport, session, frame) {
  /** @type {(answer: Answer) => void} */
  let resolve = () => {};
  /** @type {Promise<Answer>} */
  const answer = new Promise((settle) => {
    resolve = settle;
  });
  let sent = "";
  const line = openClient(transport, 0, session, {
    opened: () => {
      sent = line.send(JSON.stringify({ ...frame, request_id: 1 }));
    },
    received: ({ request_id: id, response_status: status, errors, data }) => {
      if (id !== 1) return;
      const isRefused = status >= 400;
      resolve({ sent, status, code: isRefused ? data.code : "allowed", reason: errors.join(" ") });
    },
    closed: (_why, refusal) => {
      const { status = 0, code = "closed", reason = "" } = refusal ?? {};
      // A close code of WebSocket is the status and 4000.
      resolve({ sent: "(connecting)", status: status > 4000 ? status - 4000 : status, code, reason });
    },
  });
  return { line, answer };
}
