// @ts-check
import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { dcrf, serve } from "@portcullis/adapter-ws";
import { PermissionDenied } from "@portcullis/core";
import { WebSocketServer } from "ws";
import { Accounts } from "./accounts.mjs";
import { Chat } from "./chat.mjs";
import { makeConsumer } from "./consumer.mjs";
import { DecisionFeed } from "./decision-feed.mjs";
import { readFolder, securityHeaders } from "./static-files.mjs";

const HOST = "127.0.0.1";
const LARGEST_FRAME = 64 * 1024;
const PUBLIC = fileURLToPath(new URL("../public", import.meta.url));

/**
 * Starts the playground: one server for the page and the sockets, reachable from this machine alone.
 *
 * @param {object} [options]
 * @param {number} [options.port] 0: any that is free
 * @returns {Promise<{ url: string, port: number, close: () => Promise<void> }>}
 * @throws {Error} When the port cannot be had; `code` says why.
 */
export async function start({ port: wanted = 0 } = {}) {
  const accounts = new Accounts();
  const server = createServer();
  server.listen(wanted, HOST);
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const hosts = [`${HOST}:${port}`, `localhost:${port}`];
  server.on("request", answerPages(accounts, hosts));
  const sockets = new WebSocketServer({ server, path: "/chat", maxPayload: LARGEST_FRAME });
  const guard = serveChat(sockets, accounts, hosts);
  const close = async () => {
    const closed = once(server, "close");
    server.close();
    await guard.close();
    server.closeAllConnections();
    await closed;
  };
  /** @type {Promise<void> | undefined} */
  let closing;
  return { url: `http://${HOST}:${port}`, port, close: () => (closing ??= close()) };
}

/**
 * Puts the rules and the handlers on the socket server.
 *
 * @param {WebSocketServer} sockets
 * @param {Accounts} accounts
 * @param {readonly string[]} hosts
 */
function serveChat(sockets, accounts, hosts) {
  const feed = new DecisionFeed();
  return serve(sockets, makeConsumer({ accounts, chat: new Chat(), feed }), {
    authenticate: (request) => ({ user: identify(request, accounts) }),
    // `null`: clients that are no browsers send no Origin.
    origins: [...hosts.map((host) => `http://${host}`), null],
    // A browser cannot read the status of a refused handshake, but it can read a close code.
    refuse: "close",
    codec: dcrf({ codes: true }),
    trace: true,
    onDecision: (event) => feed.report(event),
  });
}

/**
 * A browser cannot send headers with a WebSocket, and cookies are the same for all sockets of a page. So the token
 * comes as a subprotocol, which is in no log and no history as an address would be.
 *
 * @param {import("node:http").IncomingMessage} request
 * @param {Accounts} accounts
 */
function identify(request, accounts) {
  const offered = request.headers["sec-websocket-protocol"]?.split(",").map((name) => name.trim()) ?? [];
  const token = offered.find((name) => name.startsWith("token."));
  if (token === undefined) return null;
  const account = accounts.ofToken(token.slice("token.".length));
  if (account === undefined) throw new PermissionDenied("unknown_token", { status: 401, reason: "Sign in again." });
  return account;
}

/**
 * @param {Accounts} accounts
 * @param {readonly string[]} hosts
 * @returns {import("node:http").RequestListener}
 */
function answerPages(accounts, hosts) {
  const files = readFolder(PUBLIC);
  const headers = securityHeaders(hosts);
  return (request, response) => {
    const path = request.url?.split("?")[0] ?? "/";
    const send = (/** @type {number} */ status, /** @type {string} */ type, /** @type {string | Buffer} */ body) => {
      response.writeHead(status, { ...headers, "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    const file = files.get(path === "/" ? "/index.html" : path);
    // A name that merely leads here (DNS rebinding) would make another site's page same-origin with this one.
    if (!hosts.includes(request.headers.host ?? "")) send(421, "text/plain", "This server has another name.\n");
    else if (request.method !== "GET" && request.method !== "HEAD") send(405, "text/plain", "Only GET and HEAD.\n");
    else if (path === "/accounts") send(200, "application/json", JSON.stringify(accounts.listWithTokens()));
    else if (file) send(200, file.type, file.body);
    else send(404, "text/plain", "There is no such page.\n");
  };
}
