// @ts-check
import { openSocketio } from "./line-socketio.js";
import { openWs } from "./line-ws.js";

/** Known to this page alone: the server sends decisions only to the page whose sockets they are about. */
const PAGE = crypto.randomUUID();

/**
 * @typedef {object} Account
 * @property {string} id
 * @property {string} name
 * @property {string} token
 *
 * @typedef {object} Reply
 * @property {string[]} errors
 * @property {any} data
 * @property {string | null} action
 * @property {number} response_status
 * @property {unknown} request_id
 *
 * @typedef {{ code: string, status: number, reason: string }} Refusal
 *
 * @typedef {object} Listeners
 * @property {() => void} opened
 * @property {(reply: Reply, text: string) => void} received also the text as it came
 * @property {(why: string, refusal?: Refusal) => void} closed
 *
 * One connection to the chat, whatever carries it.
 *
 * @typedef {object} Line
 * @property {() => boolean} isOpen
 * @property {(text: string) => string} send a request as JSON, or any text; returns it as it went over the wire
 * @property {() => void} close
 *
 * @typedef {keyof typeof LINES} Transport
 */

const LINES = { ws: openWs, "socket.io": openSocketio };

/**
 * The accounts of the chat with their tokens. Asked again for every connection: a restarted server has new tokens.
 *
 * @returns {Promise<Account[]>}
 */
export async function fetchAccounts() {
  const response = await fetch("accounts");
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response.json();
}

/**
 * Opens the line of one client.
 *
 * @param {Transport} transport
 * @param {number} number of the client on this page
 * @param {string | undefined} token `undefined`: not signed in
 * @param {Listeners} listeners
 * @returns {Line}
 */
export function openClient(transport, number, token, listeners) {
  const introduction = { client: String(number), page: PAGE, ...(token && { token }) };
  return LINES[transport](introduction, listeners);
}

/**
 * Opens the line on which the decisions about this page's clients arrive.
 *
 * @param {Listeners} listeners
 * @returns {Line}
 */
export function openObserver(listeners) {
  return openWs({ watch: PAGE }, listeners);
}
