// @ts-check
import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { Accounts } from "./accounts.mjs";
import { Chat } from "./chat.mjs";
import { makeConsumer } from "./consumer.mjs";
import { DecisionFeed } from "./decision-feed.mjs";
import { readFolder, securityHeaders } from "./static-files.mjs";
import { serveChat } from "./transports.mjs";

const HOST = "127.0.0.1";
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
  const feed = new DecisionFeed();
  const consumer = makeConsumer({ accounts, chat: new Chat(), feed });
  const chat = serveChat(server, consumer, { accounts, feed, hosts });
  const close = async () => {
    const closed = once(server, "close");
    server.close();
    await chat.close();
    server.closeAllConnections();
    await closed;
  };
  /** @type {Promise<void> | undefined} */
  let closing;
  return { url: `http://${HOST}:${port}`, port, close: () => (closing ??= close()) };
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
