// @ts-check
import { once } from "node:events";
import { createServer } from "node:http";
import { memoryRevocations } from "@portcullis/core/continuity";
import express from "express";
import { Accounts } from "./accounts.mjs";
import { makeActions } from "./actions.mjs";
import { Chat } from "./chat.mjs";
import { lasting } from "./continuity.mjs";
import { DecisionFeed } from "./decision-feed.mjs";
import { Faults } from "./faults.mjs";
import { serveObservers } from "./observers.mjs";
import { Pages } from "./pages.mjs";
import { PolicyInForce } from "./policy-in-force.mjs";
import { FIRST_POLICY } from "./policy-text.mjs";
import { describeRules } from "./rule-sources.mjs";
import { makeRules } from "./rules.mjs";
import { settings } from "./settings.mjs";
import { makeSignIn } from "./sign-in.mjs";
import { serveChat } from "./transports.mjs";
import { buildApp } from "./web.mjs";

const HOST = "127.0.0.1";
/** The default path of socket.io. */
const SOCKETIO = "/socket.io/";
/**
 * Time limits of Node for the headers of a request, in milliseconds. The guards' own limits begin after the headers. The
 * defaults of Node are 60 and 30 seconds.
 */
const UNTIL_ASKED = { headersTimeout: 3000, connectionsCheckingInterval: 500 };

/**
 * Starts the playground: one server for the page, its requests and the sockets, reachable from this machine alone.
 *
 * @param {object} [options]
 * @param {number} [options.port] 0 takes any free port
 * @param {boolean} [options.isDemo] true when the page plays the demonstration by itself
 * @param {number} [options.grace] milliseconds that the clients of a closed page stay signed in
 * @param {number} [options.life] seconds that a sign-in lasts without a renewal
 * @returns {Promise<{ url: string, port: number, close: () => Promise<void> }>}
 * @throws {Error} When the server cannot listen, with the `code` of Node (`EADDRINUSE`).
 */
export async function start({ port: wanted = 0, isDemo = false, grace, life } = {}) {
  const server = createServer(UNTIL_ASKED);
  server.listen(wanted, HOST);
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const hosts = [`${HOST}:${port}`, `localhost:${port}`];
  const { sockets, close: closeSockets } = serveAll(server, hosts, { isDemo, grace, life });
  server.on("upgrade", (request, socket, head) => {
    const [path = ""] = (request.url ?? "").split("?");
    const target = sockets.get(path);
    if (target) target.handleUpgrade(request, socket, head, (client) => target.emit("connection", client, request));
    else if (!path.startsWith(SOCKETIO)) refuseUpgrade(socket);
  });
  const close = async () => {
    const closed = once(server, "close");
    server.close();
    await closeSockets();
    server.closeAllConnections();
    await closed;
  };
  /** @type {Promise<void> | undefined} */
  let closing;
  return { url: `http://${HOST}:${port}`, port, close: () => (closing ??= close()) };
}

/** @param {import("node:stream").Duplex} socket of an upgrade request with an unknown path */
function refuseUpgrade(socket) {
  // The socket may be closed already, and an unhandled error event would end the process.
  socket.on("error", () => socket.destroy());
  socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

/**
 * Attaches the application and the sockets to a listening server.
 *
 * @param {import("node:http").Server} server
 * @param {readonly string[]} hosts
 * @param {{ isDemo: boolean, grace: number | undefined, life: number | undefined }} options
 * @returns {{ sockets: ReadonlyMap<string, import("ws").WebSocketServer>, close: () => Promise<void> }}
 */
function serveAll(server, hosts, { isDemo, grace, life }) {
  const origins = hosts.map((host) => `http://${host}`);
  // Non-browser clients send no Origin.
  const socketOrigins = [...origins, null];
  const accounts = new Accounts();
  const chat = new Chat();
  const faults = new Faults();
  const feed = new DecisionFeed(faults);
  const actions = makeActions({ accounts, chat });
  const rules = makeRules(faults.permission);
  const inForce = new PolicyInForce(FIRST_POLICY, { rules, actions, chat, faults, feed });
  const signIn = makeSignIn(accounts, life);
  const revocations = memoryRevocations();
  const pages = new Pages(signIn.end, grace);
  const app = express();
  const known = describeRules(Object.keys(rules));
  buildApp(app, {
    signIn,
    revocations,
    settings: settings({ inForce, faults, feed, origins, known, accounts, revocations, isDemo }),
    inForce,
    actions,
    feed,
    pages,
    hosts,
    origins,
  });
  server.on("request", app);
  const { identify, leaseOf } = signIn;
  const options = lasting(revocations, chat);
  const parts = { app, identify, leaseOf, lasting: options, feed, hosts, origins: socketOrigins };
  const served = serveChat(server, inForce.made.consumer, parts);
  inForce.follow(({ consumer }) => served.replace(consumer));
  const observers = serveObservers(feed, pages, socketOrigins);
  return {
    sockets: new Map([
      ["/chat", served.sockets],
      ["/observe", observers.sockets],
    ]),
    close: async () => {
      feed.close();
      await Promise.all([served.close(), observers.close()]);
      pages.close();
    },
  };
}
