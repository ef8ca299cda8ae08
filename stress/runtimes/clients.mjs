// @ts-check
// Clients of both transports that speak alike. They run in Node, whatever the server runs in.
import { io } from "socket.io-client";
import { WebSocket } from "ws";

/**
 * @typedef {object} Client
 * @property {(action: string) => Promise<number>} ask the status of the answer: 200 is that of the handler
 * @property {Promise<unknown>} closed
 * @property {() => void} close
 */

/** @param {string} url @param {string} token @returns {Promise<number | Client>} the status of a refusal, or a client */
export async function connectWs(url, token) {
  const socket = new WebSocket(url.replace("http", "ws"), { headers: { authorization: token } });
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const status = await new Promise((resolve, reject) => {
    socket.once("unexpected-response", (_request, response) => resolve(response.statusCode));
    socket.once("open", () => resolve(undefined));
    socket.once("close", () => reject(new Error("cut off")));
  });
  if (status !== undefined) {
    socket.terminate();
    return status;
  }
  let next = 0;
  /** @type {Map<number, (status: number) => void>} */
  const waiting = new Map();
  socket.on("message", (data) => {
    const { request_id, response_status = 200 } = JSON.parse(String(data));
    waiting.get(request_id)?.(response_status);
  });
  return {
    ask: (action) =>
      new Promise((resolve) => {
        waiting.set(++next, resolve);
        socket.send(JSON.stringify({ action, request_id: next }));
      }),
    closed,
    close: () => socket.close(),
  };
}

/** @param {boolean} isPolling @returns {(url: string, token: string) => Promise<number | Client>} */
export function connectSocketio(isPolling) {
  return async (url, token) => {
    const transports = [isPolling ? "polling" : "websocket"];
    const socket = io(url, { auth: { token }, transports, forceNew: true, reconnection: false });
    /** @type {unknown} */
    const status = await new Promise((resolve, reject) => {
      socket.once("connect", () => resolve(undefined));
      socket.once("connect_error", (/** @type {Error & { data?: { status: number } }} */ error) =>
        error.data ? resolve(error.data.status) : reject(error),
      );
    });
    if (typeof status === "number") {
      socket.disconnect();
      return status;
    }
    return {
      ask: (action) =>
        new Promise((resolve) =>
          socket.emit(action, 1, (/** @type {any} */ body) => resolve(body?.error?.status ?? 200)),
        ),
      closed: new Promise((resolve) => socket.once("disconnect", resolve)),
      close: () => socket.disconnect(),
    };
  };
}
