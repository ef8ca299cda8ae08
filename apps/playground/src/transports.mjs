// @ts-check
import { serve as serveSocketio } from "@portcullis/adapter-socketio";
import { dcrf, serve as serveWs } from "@portcullis/adapter-ws";
import { Server } from "socket.io";
import { WebSocketServer } from "ws";
import { identify, readSubprotocols } from "./visitor.mjs";

/** @typedef {ReturnType<typeof import("./consumer.mjs").makeConsumer>} ChatConsumer */
/** @typedef {import("./visitor.mjs").Introduction} Introduction */

const LARGEST_MESSAGE = 64 * 1024;

/**
 * Serves one consumer, the very same object, over WebSockets (`/chat`) and over socket.io (`/socket.io`).
 *
 * @param {import("node:http").Server} server which answers pages already
 * @param {ChatConsumer} consumer
 * @param {object} parts
 * @param {import("./accounts.mjs").Accounts} parts.accounts
 * @param {import("./decision-feed.mjs").DecisionFeed} parts.feed
 * @param {readonly string[]} parts.hosts
 * @returns {{ close: () => Promise<void> }}
 */
export function serveChat(server, consumer, { accounts, feed, hosts }) {
  const common = {
    // `null`: clients that are no browsers send no Origin.
    origins: [...hosts.map((host) => `http://${host}`), null],
    trace: true,
    onDecision: (/** @type {import("@portcullis/core/adapter").DecisionEvent} */ event) => feed.report(event),
  };
  const sockets = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE });
  const io = new Server(server, {
    maxHttpBufferSize: LARGEST_MESSAGE,
    // A poll of a page that a mere name brought here (DNS rebinding) has no Origin that would tell.
    allowRequest: (request, answer) => answer(null, hosts.includes(request.headers.host ?? "")),
  });
  server.on("upgrade", (request, socket, head) => {
    if (request.url?.split("?")[0] !== "/chat") return;
    sockets.handleUpgrade(request, socket, head, (client) => sockets.emit("connection", client, request));
  });
  const guards = [
    serveWs(sockets, consumer, {
      ...common,
      authenticate: ({ headers }) =>
        identify(readSubprotocols((headers["sec-websocket-protocol"] ?? "").split(/\s*,\s*/)), accounts),
      // A browser cannot read the status of a refused handshake, but it can read a close code.
      refuse: "close",
      codec: dcrf({ codes: true }),
    }),
    serveSocketio(io, consumer, {
      ...common,
      authenticate: ({ handshake }) => identify(/** @type {Introduction} */ (handshake.auth), accounts),
    }),
  ];
  return {
    async close() {
      await Promise.all(guards.map((guard) => guard.close()));
      io.close();
    },
  };
}
