// @ts-check
import { parse } from "./frames.js";

/** The server delivers the client of its own version. */
const CLIENT = "/socket.io/socket.io.esm.min.js";

/**
 * Opens a connection of socket.io: an action is an event, its answer the acknowledgement.
 *
 * @param {Record<string, string>} auth
 * @param {import("./connection.js").Listeners} listeners
 * @returns {import("./connection.js").Line}
 */
export function openSocketio(auth, listeners) {
  return open(auth, listeners, "websocket");
}

/**
 * The same over requests that wait for an answer, as where a proxy lets no WebSocket pass.
 *
 * @param {Record<string, string>} auth
 * @param {import("./connection.js").Listeners} listeners
 * @returns {import("./connection.js").Line}
 */
export function openPolling(auth, listeners) {
  return open(auth, listeners, "polling");
}

/**
 * @param {Record<string, string>} auth
 * @param {import("./connection.js").Listeners} listeners
 * @param {"websocket" | "polling"} transport
 * @returns {import("./connection.js").Line}
 */
function open(auth, { opened, received, closed }, transport) {
  /** @type {any} */
  let socket;
  let isClosed = false;

  /**
   * @param {string | null} action
   * @param {any} answer
   * @param {unknown} id of the request; `undefined` where nobody asked
   * @param {string} text
   */
  const receive = (action, answer, id, text) => {
    const refusal = answer?.ok === false ? answer.error : undefined;
    received(
      {
        errors: refusal ? [refusal.reason] : [],
        data: refusal ?? answer,
        action,
        response_status: refusal?.status ?? 200,
        request_id: id ?? null,
      },
      text,
    );
  };

  const load = async () => {
    const { io } = await import(CLIENT);
    if (isClosed) return;
    socket = io({ auth, forceNew: true, reconnection: false, transports: [transport] });
    socket.on("connect", opened);
    socket.on("connect_error", (/** @type {any} */ { data, message }) => {
      socket.close();
      closed(data ? `Refused: ${data.status} ${data.code}` : `Closed: ${message}`, data);
    });
    /** @type {any} */
    let ended;
    socket.on("auth.ended", (/** @type {any} */ refusal) => {
      ended = refusal;
    });
    socket.on("disconnect", (/** @type {string} */ why) => {
      closed(ended ? `Closed: ${ended.status} ${ended.code}` : `Closed: ${why}`, ended);
    });
    socket.onAny((/** @type {string} */ action, /** @type {unknown} */ data) => {
      receive(action, data, undefined, JSON.stringify([action, data]));
    });
  };
  load().catch(() => closed("Closed: the client of socket.io did not load"));

  return {
    isPushed: true,
    isOpen: () => socket?.connected === true,
    // A socket.io client can only emit events, so a text that is no request becomes an event name.
    send(text) {
      const { action = text, request_id, ...payload } = parse(text) ?? {};
      const event = [String(action), payload];
      socket.emit(...event, (/** @type {unknown} */ answer) => {
        receive(String(action), answer, request_id, JSON.stringify(answer));
      });
      return JSON.stringify(event);
    },
    close() {
      isClosed = true;
      socket?.close();
    },
  };
}
