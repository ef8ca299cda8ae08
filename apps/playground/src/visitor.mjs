// @ts-check
import { PermissionDenied } from "@portcullis/core";

/**
 * What a client says of itself. One page is many clients here, each with an account of its own, but a browser has one
 * jar of cookies for all of them. So each client keeps the cookie of its own session and says it where it can: in a
 * header over HTTP, in the handshake's `auth` with socket.io, and in subprotocols with ws, which are in no log and no
 * history as an address would be. On the server it becomes the cookie again, and everything after that is as in any
 * application. A client that has a jar of its own (curl) simply sends the cookie.
 *
 * @typedef {object} Introduction
 * @property {unknown} [session] the value of the cookie
 * @property {unknown} [page] on which the client is
 * @property {unknown} [client] its number there
 *
 * What the scope knows of a client, on every transport.
 *
 * @typedef {object} Visitor
 * @property {import("./accounts.mjs").Account | null} user
 * @property {string | undefined} page
 * @property {number} client 0 where it is not on a page
 * @property {string} carrier what carries its messages, in words
 */

/** What the value of a cookie of a session is made of. */
const SESSION = /^[\w%.!~*'-]{1,200}$/;

/**
 * The cookie header behind an introduction.
 *
 * @param {Introduction} introduction
 * @param {string} name of the cookie
 * @returns {string | undefined} `undefined` where it brings none
 */
export function cookieOf({ session }, name) {
  if (session === undefined) return undefined;
  // What cannot be one is the cookie of no session.
  return `${name}=${typeof session === "string" && SESSION.test(session) ? session : "none"}`;
}

/**
 * @param {Introduction} introduction
 * @param {unknown} user whom the session belongs to
 * @param {string} carrier
 * @returns {Visitor}
 * @throws {PermissionDenied} When it brought a session that is none.
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
