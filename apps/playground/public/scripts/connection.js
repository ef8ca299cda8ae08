// @ts-check

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
 * @typedef {object} Listeners
 * @property {() => void} opened
 * @property {(text: string) => void} received
 * @property {(code: number, reason: string) => void} closed
 */

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
 * Opens a socket to the chat. A browser cannot send headers with it, and cookies are the same for all sockets of a
 * page, so the token goes as a subprotocol: unlike one in the address it is in no log and no history.
 *
 * @param {string[]} credentials
 * @param {Listeners} listeners
 */
function open(credentials, { opened, received, closed }) {
  const address = new URL("chat", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new WebSocket(address, ["portcullis-playground", ...credentials]);
  socket.addEventListener("open", opened);
  socket.addEventListener("message", ({ data }) => received(data));
  socket.addEventListener("close", ({ code, reason }) => closed(code, reason));
  return socket;
}

/**
 * Opens the socket of one client.
 *
 * @param {number} number of the client on this page
 * @param {string | undefined} token `undefined`: not signed in
 * @param {Listeners} listeners
 */
export function openClient(number, token, listeners) {
  return open([`client.${number}`, `page.${PAGE}`, ...(token ? [`token.${token}`] : [])], listeners);
}

/**
 * Opens the socket on which the decisions about this page's clients arrive.
 *
 * @param {Listeners} listeners
 */
export function openObserver(listeners) {
  return open([`watch.${PAGE}`], listeners);
}
