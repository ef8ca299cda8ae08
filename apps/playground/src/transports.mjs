// @ts-check
import { useExpress } from "@portcullis/adapter-express-bridge";
import { serve as serveSocketio } from "@portcullis/adapter-socketio";
import { dcrf, serve as serveWs } from "@portcullis/adapter-ws";
import { Server } from "socket.io";
import { WebSocketServer } from "ws";
import { COOKIE } from "./sign-in.mjs";
import { cookieOf, ofSubprotocols, visitorOf } from "./visitor.mjs";

/** @typedef {import("@portcullis/core/adapter").ServableConsumer<import("./rules.mjs").ChatScope>} ChatConsumer */
/** @typedef {import("./visitor.mjs").Introduction} Introduction */
/** @typedef {import("node:http").IncomingMessage} Request */

const LARGEST_MESSAGE = 64 * 1024;

/**
 * Serves one consumer object over WebSockets (`/chat`) and over socket.io (`/socket.io`). The middlewares of the HTTP
 * routes find the user of a handshake, too.
 *
 * @param {import("node:http").Server} server which answers requests already
 * @param {ChatConsumer} consumer
 * @param {object} parts
 * @param {import("express").Express} parts.app
 * @param {import("express").RequestHandler[]} parts.identify
 * @param {ReturnType<typeof import("./sign-in.mjs").makeSignIn>["leaseOf"]} parts.leaseOf
 * @param {ReturnType<typeof import("./continuity.mjs").lasting>} parts.lasting
 * @param {import("./decision-feed.mjs").DecisionFeed} parts.feed
 * @param {readonly string[]} parts.hosts
 * @param {readonly (string | null)[]} parts.origins
 */
export function serveChat(server, consumer, { app, identify, leaseOf, lasting, feed, hosts, origins }) {
  const common = {
    origins: [...origins],
    ...lasting,
    trace: true,
    onDecision: (/** @type {import("@portcullis/core").DecisionEvent} */ event) => feed.report(event),
  };
  const sockets = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE });
  const io = new Server(server, {
    maxHttpBufferSize: LARGEST_MESSAGE,
    // Polling requests of a page that came by DNS rebinding are same-origin and have no Origin header.
    allowRequest: (request, answer) => answer(null, hosts.includes(request.headers.host ?? "")),
  });
  const whoOnWs = useExpress(identify, {
    app,
    headers: (request) => ({ cookie: cookieOf(ofSubprotocols(/** @type {Request} */ (request)), COOKIE) }),
  });
  const whoOnSocketio = useExpress(identify, {
    app,
    headers: (socket) => ({ cookie: cookieOf(authOf(socket), COOKIE) }),
  });
  const guards = [
    serveWs(sockets, consumer, {
      ...common,
      authenticate: async (request, asked) => {
        const { user } = await whoOnWs(request, asked);
        const introduction = ofSubprotocols(request);
        return { ...visitorOf(introduction, user, "ws"), ...leaseOf(introduction) };
      },
      // A browser cannot read the status of a refused handshake, but it can read a close code.
      refuse: "close",
      codec: dcrf({ codes: true }),
    }),
    serveSocketio(io, consumer, {
      ...common,
      authenticate: async (socket, asked) => {
        const { user } = await whoOnSocketio(socket, asked);
        const { name } = socket.conn.transport;
        const carrier = name === "polling" ? "socket.io polling" : "socket.io";
        return { ...visitorOf(authOf(socket), user, carrier), ...leaseOf(authOf(socket)) };
      },
    }),
  ];
  return {
    sockets,
    /** @param {ChatConsumer} next puts its rules in force on every open connection */
    replace(next) {
      for (const guard of guards) guard.replace(next);
    },
    async close() {
      await Promise.all(guards.map((guard) => guard.close()));
      io.close();
    },
  };
}

/**
 * @param {unknown} socket
 * @returns {Introduction}
 */
function authOf(socket) {
  return /** @type {import("socket.io").Socket} */ (socket).handshake.auth;
}
