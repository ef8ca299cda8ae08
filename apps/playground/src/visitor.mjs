// @ts-check
import { PermissionDenied } from "@portcullis/core";

/**
 * The identification that a client sends. One page has many clients, each with an account of its own, but a browser has
 * one cookie jar for all of them. So each client keeps its session cookie and sends it by other means: in a header over
 * HTTP, in the `auth` of a socket.io handshake, and in subprotocols of ws, which unlike addresses are not logged. The
 * server makes it a cookie header again, and continues like any application. A client with its own cookie jar (curl)
 * sends the cookie itself.
 *
 * @typedef {object} Introduction
 * @property {unknown} [session] the value of the cookie
 * @property {unknown} [page] on which the client is
 * @property {unknown} [client] its number there
 *
 * The fields that `authenticate` adds to the scope, on every transport.
 *
 * @typedef {object} Visitor
 * @property {import("./accounts.mjs").Account | null} user
 * @property {string | undefined} page
 * @property {number} client 0 where it is not on a page
 * @property {string} carrier name of the transport
 * @property {string} [sid] id of the session, on a socket
 * @property {number | undefined} [expiresAt] end of the sign-in, in milliseconds since the epoch
 */

/** Characters of a session cookie's value. */
const SESSION = /^[\w%.!~*'-]{1,200}$/;

/**
 * The cookie header behind an introduction.
 *
 * @param {Introduction} introduction
 * @param {string} name of the cookie
 * @returns {string | undefined} `undefined` without a session
 */
export function cookieOf({ session }, name) {
  if (session === undefined) return undefined;
  // An invalid value becomes a cookie that belongs to no session.
  return `${name}=${typeof session === "string" && SESSION.test(session) ? session : "none"}`;
}

/**
 * @param {Introduction} introduction
 * @param {unknown} user of the session
 * @param {string} carrier
 * @returns {Visitor}
 * @throws {PermissionDenied} When the session is unknown.
 */
export function visitorOf({ session, page, client }, user, carrier) {
  if (session !== undefined && !user) {
    throw new PermissionDenied("session_expired", { status: 401, reason: "Sign in again." });
  }
  return {
    user: /** @type {Visitor["user"]} */ (user ?? null),
    page: typeof page === "string" ? page : undefined,
    client: Number(client) || 0,
    carrier,
  };
}

/**
 * Reads an introduction from subprotocols: `session.abc`, `page.1`, `client.2`.
 *
 * @param {import("node:http").IncomingMessage} request
 * @returns {Introduction}
 */
export function ofSubprotocols({ headers }) {
  const words = (headers["sec-websocket-protocol"] ?? "").split(/\s*,\s*/);
  return Object.fromEntries(words.filter((word) => word.includes(".")).map(split));
}

/**
 * Reads an introduction from the headers of a request: `x-session`, `x-page`, `x-client`.
 *
 * @param {import("node:http").IncomingMessage} request
 * @returns {Introduction}
 */
export function ofHeaders({ headers }) {
  const { "x-session": session, "x-page": page, "x-client": client } = headers;
  return { ...(session !== undefined && { session }), page, client };
}

/** @param {string} word */
function split(word) {
  const at = word.indexOf(".");
  return [word.slice(0, at), word.slice(at + 1)];
}
