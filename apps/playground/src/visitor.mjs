// @ts-check
import { PermissionDenied } from "@portcullis/core";

/**
 * What a client says of itself when it connects. A browser cannot send headers with a WebSocket, and cookies are the
 * same for all sockets of a page. So it is said in subprotocols, which are in no log and no history as an address would
 * be; with socket.io it is the handshake's `auth`.
 *
 * @typedef {object} Introduction
 * @property {string} [token] of an account; without it nobody is signed in
 * @property {string} [page] on which the client is
 * @property {string} [client] its number there
 * @property {string} [watch] the page whose decisions it wants to see
 *
 * What the scope knows of a client, on either transport.
 *
 * @typedef {object} Visitor
 * @property {import("./accounts.mjs").Account | null} user
 * @property {string | undefined} page
 * @property {number} client
 * @property {string | undefined} watchedPage
 */

/**
 * Says who is there.
 *
 * @param {Introduction} introduction
 * @param {import("./accounts.mjs").Accounts} accounts
 * @returns {Visitor}
 * @throws {PermissionDenied} When the token is of no account.
 */
export function identify({ token, page, client, watch }, accounts) {
  const user = token === undefined ? null : accounts.ofToken(token);
  if (user === undefined) throw new PermissionDenied("unknown_token", { status: 401, reason: "Sign in again." });
  return { user, page: text(page), client: Number(client), watchedPage: text(watch) };
}

/**
 * Reads an introduction from subprotocols: `token.abc`, `page.1`, `client.2`, `watch.1`.
 *
 * @param {readonly string[]} subprotocols
 * @returns {Introduction}
 */
export function readSubprotocols(subprotocols) {
  return Object.fromEntries(subprotocols.filter((word) => word.includes(".")).map(split));
}

/** @param {string} word */
function split(word) {
  const at = word.indexOf(".");
  return [word.slice(0, at), word.slice(at + 1)];
}

/**
 * @param {unknown} value
 * @returns {string | undefined}
 */
function text(value) {
  return typeof value === "string" ? value : undefined;
}
