// @ts-check
import { parse } from "./frames.js";

/** Close codes from here on say why a connection was refused. */
const REFUSED = 4400;

/**
 * Opens a WebSocket. A browser cannot send headers with it, and cookies are the same for all sockets of a page, so who
 * asks goes as subprotocols: unlike words in the address they are in no log and no history.
 *
 * @param {Record<string, string>} introduction
 * @param {import("./connection.js").Listeners} listeners
 * @returns {import("./connection.js").Line}
 */
export function openWs(introduction, listeners) {
  return openAt("chat", introduction, listeners);
}

/**
 * @param {string} path
 * @param {Record<string, string>} introduction
 * @param {import("./connection.js").Listeners} listeners
 * @returns {import("./connection.js").Line}
 */
export function openAt(path, introduction, { opened, received, closed }) {
  const address = new URL(path, location.href);
  address.hash = "";
  address.search = "";
  address.protocol = address.protocol.replace("http", "ws");
  const words = Object.entries(introduction).map((pair) => pair.join("."));
  const socket = new WebSocket(address, ["portcullis-playground", ...words]);
  let isOpened = false;
  socket.addEventListener("open", opened);
  socket.addEventListener("message", ({ data }) => {
    isOpened = true;
    received(/** @type {import("./connection.js").Reply} */ (parse(data)), data);
  });
  socket.addEventListener("close", ({ code, reason }) => {
    const refusal = { code: reason, status: code, reason: `The connection was ${isOpened ? "ended" : "refused"}.` };
    closed(`Closed: ${code}${reason && ` ${reason}`}`, code >= REFUSED ? refusal : undefined);
  });
  return {
    isPushed: true,
    isOpen: () => socket.readyState === WebSocket.OPEN,
    send(text) {
      socket.send(text);
      return text;
    },
    close: () => socket.close(),
  };
}
