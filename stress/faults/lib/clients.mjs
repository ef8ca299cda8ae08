// @ts-check
// Clients that count: every request is answered once, or known to be lost.

import { Agent } from "node:http";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { until } from "./checks.mjs";

/** Each way in. */
export const WAYS = /** @type {const} */ (["ws", "socket.io by WebSocket", "socket.io by polling"]);

/** @typedef {typeof WAYS[number]} Way */
/** @typedef {{ pid: number } | { code: string } | "lost"} Answer `pid` where it was allowed, `code` where not. */

/** The argument of a server process. @param {Way} way */
export const transportOf = (way) => (way === "ws" ? "ws" : "socket.io");

let keys = 0;

/** A client of any transport. Only the functions to send and to cut differ. */
export class Client {
  /** By key, until it is answered. @type {Map<string, (answer: Answer) => void>} */
  open = new Map();
  /** Requests that got no answer before the end. @type {string[]} */
  lost = [];
  answered = 0;
  /** Answers that nobody waits for. */
  excess = 0;
  /** How it has ended; ws: the close code, socket.io: the reason. @type {string | undefined} */
  end;
  /** @type {() => void} */
  #tellEnd = () => {};
  ended = /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      this.#tellEnd = resolve;
    })
  );

  /** @param {(key: string, action: string, payload: object) => void} send @param {() => void} cut */
  constructor(send, cut) {
    this.send = send;
    this.cut = cut;
  }

  /**
   * Asks for an action.
   *
   * @param {string} action @param {object} [payload] @returns {Promise<Answer>}
   */
  request(action, payload = {}) {
    keys += 1;
    const key = `${process.pid}-${keys}`;
    return new Promise((resolve) => {
      this.open.set(key, resolve);
      if (this.end === undefined) this.send(key, action, { ...payload, key });
      else this.#lose();
    });
  }

  /** @param {string} key @param {any} body */
  answer(key, body) {
    const resolve = this.open.get(key);
    if (!resolve) {
      this.excess += 1;
      return;
    }
    this.open.delete(key);
    this.answered += 1;
    resolve(body?.error ? { code: body.error.code } : (body?.data ?? body));
  }

  /** @param {string} how */
  finish(how) {
    this.end ??= how;
    this.#lose();
    this.#tellEnd();
  }

  #lose() {
    for (const [key, resolve] of this.open) {
      this.lost.push(key);
      resolve("lost");
    }
    this.open.clear();
  }
}

/** A refusal at connect. */
export class Refused extends Error {
  /** @param {string} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/**
 * Opens a connection.
 *
 * @param {Way} way @param {number} port
 * @param {{ token?: string, localAddress?: string }} [options]
 * @returns {Promise<Client>}
 * @throws {Refused} Where it is refused, or cannot be had.
 */
export function open(way, port, { token = "good", localAddress } = {}) {
  if (way === "ws") return openWs(port, token, localAddress);
  return openSocketIo(port, way === "socket.io by polling" ? "polling" : "websocket", token, localAddress);
}

/** @param {number} port @param {string} token @param {string | undefined} localAddress @returns {Promise<Client>} */
function openWs(port, token, localAddress) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, {
    headers: { authorization: token },
    ...(localAddress && { localAddress }),
  });
  const client = new Client(
    (key, type, payload) => socket.send(JSON.stringify({ type, id: key, ...payload })),
    () => socket.terminate(),
  );
  socket.on("message", (data) => {
    const { id, ...body } = JSON.parse(String(data));
    client.answer(id, body);
  });
  socket.on("close", (code) => client.finish(String(code)));
  return new Promise((resolve, reject) => {
    socket.on("open", () => resolve(client));
    socket.on("error", (error) => reject(new Refused(error.message)));
    socket.on("unexpected-response", (_request, response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => {
        socket.on("error", () => {});
        socket.terminate();
        reject(new Refused(codeIn(text) ?? `HTTP ${response.statusCode}`));
      });
    });
  });
}

/** @param {string} text @returns {string | undefined} */
function codeIn(text) {
  try {
    return JSON.parse(text).error.code;
  } catch {
    return undefined;
  }
}

/**
 * @param {number} port @param {"polling" | "websocket"} transport @param {string} token
 * @param {string | undefined} localAddress @returns {Promise<Client>}
 */
function openSocketIo(port, transport, token, localAddress) {
  const socket = io(`http://127.0.0.1:${port}`, {
    transports: [transport],
    reconnection: false,
    forceNew: true,
    withCredentials: true,
    auth: { token },
    // One connection for each poll: none is left behind.
    agent: /** @type {any} */ (new Agent(localAddress ? { localAddress } : {})),
  });
  const client = new Client(
    (key, action, payload) => socket.emit(action, payload, (/** @type {any} */ body) => client.answer(key, body)),
    () => socket.io.engine.close(),
  );
  socket.on("disconnect", (reason) => client.finish(reason));
  return new Promise((resolve, reject) => {
    socket.on("connect", () => resolve(client));
    // Also before it is in: then it is neither connected nor refused.
    socket.on("disconnect", (reason) => reject(new Refused(reason)));
    socket.on("connect_error", (error) => {
      socket.disconnect();
      reject(new Refused(/** @type {any} */ (error).data?.code ?? error.message));
    });
  });
}

/**
 * Opens a connection for somebody who may, as often as it takes where the machine is too busy for its deadlines.
 *
 * @param {Way} way @param {number} port
 */
export async function comeIn(way, port) {
  /** @type {Client | undefined} */
  let client;
  await until(async () => {
    client = await open(way, port).catch(() => undefined);
    return client;
  }, `${way}: it lets those in who may`);
  return /** @type {Client} */ (client);
}
