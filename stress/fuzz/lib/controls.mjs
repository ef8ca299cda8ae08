// @ts-check
import { once } from "node:events";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { parser } from "./msgpack.mjs";
import { HEARD } from "./talk.mjs";

/**
 * A client of ws that behaves: what it may do is done, and what not is refused, once.
 *
 * @param {number} port
 * @param {string} [path]
 */
export async function askAsMember(port, path = "/dcrf") {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, {
    headers: { authorization: "Bearer ann" },
    handshakeTimeout: 60_000,
  });
  try {
    await once(socket, "open");
    /** @type {string[]} */
    const answers = [];
    const all = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("no answer")), 60_000);
      socket.on("message", (data) => {
        answers.push(String(data));
        if (answers.length === 3) resolve(clearTimeout(timer));
      });
    });
    for (const action of ["member", "never", "open"]) socket.send(JSON.stringify({ action, request_id: action }));
    await all;
    const [first, second = "", third] = answers;
    if (first !== HEARD || third !== HEARD || JSON.parse(second).response_status !== 403) {
      throw new Error(`it got ${JSON.stringify(answers)}`);
    }
  } finally {
    socket.terminate();
  }
}

/** The same of socket.io, over both transports. @param {number} json @param {number} msgpack */
export async function askAsVisitor(json, msgpack) {
  for (const { port, ...options } of [
    { port: json, transports: ["websocket"] },
    { port: json, transports: ["polling"] },
    { port: msgpack, transports: ["websocket"], parser },
  ]) {
    const socket = io(`http://127.0.0.1:${port}`, { ...options, auth: { token: "ann" }, forceNew: true });
    try {
      const ask = (/** @type {string} */ name) => socket.timeout(60_000).emitWithAck(name, {});
      const [first, second, third] = await Promise.all([ask("member"), ask("never"), ask("open")]);
      if (first !== HEARD || third !== HEARD || second?.error?.status !== 403) {
        throw new Error(`it got ${JSON.stringify([first, second, third])}`);
      }
    } finally {
      socket.disconnect();
    }
  }
}

/** The same of HTTP. @param {number} express @param {number} koa */
export async function askOverHttp(express, koa) {
  for (const [url, token, status] of /** @type {const} */ ([
    [`http://127.0.0.1:${express}/member`, "ann", 200],
    [`http://127.0.0.1:${express}/member`, "nobody", 401],
    [`http://127.0.0.1:${express}/admin`, "ann", 403],
    [`http://127.0.0.1:${koa}/?room=lobby`, "ann", 200],
    [`http://127.0.0.1:${koa}/`, "ann", 403],
  ])) {
    const headers = { authorization: `Bearer ${token}`, connection: "close" };
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(60_000) });
    await response.text();
    if (response.status !== status) throw new Error(`${url} answered ${response.status} instead of ${status}`);
  }
}
