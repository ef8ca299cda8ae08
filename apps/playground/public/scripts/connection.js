// @ts-check
import { openHttp } from "./line-http.js";
import { openPolling, openSocketio } from "./line-socketio.js";
import { openAt, openWs } from "./line-ws.js";
import { PAGE } from "./page.js";

/**
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
 * One connection to the chat, over any transport.
 *
 * @typedef {object} Line
 * @property {boolean} isPushed true when the server can send messages by itself
 * @property {() => boolean} isOpen
 * @property {(text: string) => string} send a request as JSON, or any text; returns it as it went over the wire
 * @property {() => void} close
 *
 * @typedef {keyof typeof LINES} Transport
 */

const LINES = { ws: openWs, "socket.io": openSocketio, polling: openPolling, HTTP: openHttp };

/**
 * Opens the line of one client.
 *
 * @param {Transport} transport
 * @param {number} number of the client on this page
 * @param {string | undefined} session `undefined` without a signed-in user
 * @param {Listeners} listeners
 * @returns {Line}
 */
export function openClient(transport, number, session, listeners) {
  const introduction = { client: String(number), page: PAGE, ...(session && { session }) };
  return LINES[transport](introduction, listeners);
}

/**
 * Opens the connection for decisions and changes of the common state.
 *
 * @param {Listeners} listeners
 * @returns {Line}
 */
export function openObserver(listeners) {
  return openAt("observe", { page: PAGE }, listeners);
}
