// @ts-check
import { PAGE } from "./page.js";

/**
 * @typedef {object} SignedIn
 * @property {string} session the value of the cookie
 * @property {number} expiresIn seconds until the sign-in ends
 */

/** The value of `Not signed in`. */
export const NOBODY = "nobody";

/**
 * Signs in with the password, which is the account's id. The client keeps the session cookie itself, because the cookie
 * jar of the browser is shared by all clients of the page. The session ends with the page.
 *
 * @param {string} account
 * @returns {Promise<SignedIn | undefined>} `undefined` for nobody
 */
export async function signIn(account) {
  if (account === NOBODY) return undefined;
  const response = await fetch("login", {
    method: "POST",
    credentials: "omit",
    headers: { "content-type": "application/json", "x-page": PAGE },
    body: JSON.stringify({ username: account, password: account }),
  });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response.json();
}

/**
 * Sends a request of a session.
 *
 * @param {"logout" | "renew" | "sign-out-others"} path
 * @param {string} session
 */
export async function postAs(path, session) {
  const headers = { "x-session": session, "x-page": PAGE };
  const response = await fetch(path, { method: "POST", credentials: "omit", headers });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
}

/** @param {string | undefined} session */
export function signOut(session) {
  // The session also ends by itself, so the answer is ignored.
  if (session !== undefined) postAs("logout", session).catch(() => {});
}
