// @ts-check
// The same application on each transport.

import * as socketio from "@portcullis/adapter-socketio";
import * as ws from "@portcullis/adapter-ws";
import { definePolicy, IsAuthenticated } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { Server } from "socket.io";
import { WebSocketServer } from "ws";

/** @typedef {Record<string, any>} Rules By action. */
/**
 * @typedef {object} Application
 * @property {import("./server.mjs").Settings} settings
 * @property {(token: string, signal: AbortSignal) => Promise<{ user: object | null }>} authenticate
 * @property {(event: import("@portcullis/core").DecisionEvent) => void} onDecision
 * @property {(id: string) => void} handled Is told of each request that reaches a handler.
 */

const answer = () => ({ pid: process.pid });

/** Handlers that take as long as they are asked to. @param {Rules} rules @param {Application} application */
function consumerOf(rules, { handled }) {
  let consumer = /** @type {any} */ (defineConsumer().connect(IsAuthenticated));
  for (const [action, rule] of Object.entries(rules)) {
    consumer = consumer.action(action, rule, async (/** @type {{ payload: any }} */ { payload }) => {
      handled(payload.key);
      await new Promise((resolve) => setTimeout(resolve, payload.work ?? 0));
      return answer();
    });
  }
  return consumer;
}

/**
 * Puts a guard in front of a server, and an application behind it: whoever is known may connect.
 *
 * @param {string} transport @param {import("node:http").Server} http @param {Rules} rules @param {Application} application
 */
export function listenWith(transport, http, rules, application) {
  const policy = application.settings.isServed
    ? consumerOf(rules, application)
    : definePolicy({ connect: IsAuthenticated, actions: rules });
  return transport === "ws" ? listenWithWs(http, policy, application) : listenWithSocketIo(http, policy, application);
}

/** @param {import("node:http").Server} http @param {any} policy @param {Application} application */
function listenWithWs(http, policy, { settings, authenticate, onDecision, handled }) {
  const wss = new WebSocketServer({ server: http });
  const put = /** @type {typeof ws.guard} */ (settings.isServed ? ws.serve : ws.guard);
  const guard = put(wss, policy, {
    authenticate: ({ headers }, { signal }) => authenticate(headers.authorization ?? "", signal),
    codec: ws.json({ action: "type", id: "id" }),
    onDecision,
    ...(settings.timeout && { timeout: settings.timeout }),
    ...(settings.limits && { limits: settings.limits }),
  });
  wss.on("connection", (socket) => {
    if (settings.isServed) return;
    socket.on("message", (data) => {
      const { type, id, key } = JSON.parse(String(data));
      handled(key);
      socket.send(JSON.stringify({ type, id, data: answer() }));
    });
  });
  if (settings.heartbeat) keepAlive(wss, settings.heartbeat);
  return {
    guard,
    stop: async () => {
      wss.close();
      http.close();
    },
  };
}

/** Pings all, whether they answer or not. @param {WebSocketServer} wss @param {number} interval */
function keepAlive(wss, interval) {
  const timer = setInterval(() => {
    for (const socket of wss.clients) socket.ping();
  }, interval);
  wss.on("close", () => clearInterval(timer));
}

/** @param {import("node:http").Server} http @param {any} policy @param {Application} application */
function listenWithSocketIo(http, policy, { settings, authenticate, onDecision, handled }) {
  const io = new Server(http, settings.heartbeat ? { pingInterval: settings.heartbeat } : {});
  const put = /** @type {typeof socketio.guard} */ (settings.isServed ? socketio.serve : socketio.guard);
  const guard = put(io, policy, {
    authenticate: ({ handshake }, { signal }) => authenticate(String(handshake.auth.token), signal),
    onDecision,
    ...(settings.timeout && { timeout: settings.timeout }),
    ...(settings.limits && { limits: settings.limits }),
  });
  io.on("connection", (socket) => {
    if (settings.isServed) return;
    socket.onAny((_action, { key }, done) => {
      handled(key);
      done(answer());
    });
  });
  return {
    guard,
    stop: async () => {
      const closed = io.close();
      // Ends the connections that polling clients keep open between two requests.
      http.closeAllConnections();
      await closed;
    },
  };
}
