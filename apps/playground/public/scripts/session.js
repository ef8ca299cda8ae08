// @ts-check
import { PAGE } from "./page.js";

/** The value of `Not signed in`. */
export const NOBODY = "nobody";

/**
 * Signs in with the password, which is the account's id. The client keeps the session cookie itself, because the cookie
 * jar of the browser is shared by all clients of the page. The session ends with the page.
 *
 * @param {string} account
 * @returns {Promise<string | undefined>} the value of the cookie; `undefined` for nobody
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
  return (await response.json()).session;
}

/** @param {string | undefined} session */
export function signOut(session) {
  if (session === undefined) return;
  // The session also ends by itself, so the answer is ignored.
  fetch("logout", { method: "POST", credentials: "omit", headers: { "x-session": session, "x-page": PAGE } }).catch(
    () => {},
  );
}
