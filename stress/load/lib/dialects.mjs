// @ts-check
// Messages of a client of each transport, as WebSocket texts.

/**
 * An answer to a request: its number, and 200 or the status of the refusal.
 *
 * @typedef {{ id: number, status: number }} Answer
 *
 * @typedef {object} Dialect
 * @property {string} path
 * @property {readonly string[]} opening What is said before the first request.
 * @property {string | undefined} welcome What the server says when the client is in, beside the 101.
 * @property {(id: number, action: string, payload?: object) => string} request
 * @property {(action: string) => string} notice A request that says no number.
 * @property {string} noRequest A message that nobody can read.
 * @property {(text: string) => Answer | { say: string } | undefined} read
 *
 * @typedef {"ws" | "socket.io"} Transport
 */

/** @type {Record<Transport, Dialect>} */
export const DIALECTS = {
  ws: {
    path: "/",
    opening: [],
    welcome: undefined,
    request: (id, action, payload) => JSON.stringify({ action, request_id: id, ...payload }),
    notice: (action) => JSON.stringify({ action }),
    noRequest: "[not json",
    read(text) {
      const { request_id: id, response_status: status } = JSON.parse(text);
      return { id: id ?? -1, status };
    },
  },
  // 4 is a message of engine.io, 2 and 3 its ping and pong; 40 a connect, 42 an event, 43 an acknowledgement of socket.io.
  "socket.io": {
    path: "/socket.io/?EIO=4&transport=websocket",
    opening: ["40"],
    welcome: '40{"sid"',
    request: (id, action, payload = {}) => `42${id}${JSON.stringify([action, payload])}`,
    notice: (action) => `42${JSON.stringify([action])}`,
    noRequest: `42${JSON.stringify(["error"])}`,
    read(text) {
      if (text === "2") return { say: "3" };
      if (text.startsWith('42["permission_denied"')) {
        return { id: -1, status: JSON.parse(text.slice(2))[1].error.status };
      }
      if (!text.startsWith("43")) return undefined;
      const from = text.indexOf("[");
      const [answer] = JSON.parse(text.slice(from));
      return { id: Number(text.slice(2, from)), status: answer.ok ? 200 : answer.error.status };
    },
  },
};
