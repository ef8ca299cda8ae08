// @ts-check
import { PAGE } from "./page.js";

/** Nobody is signed in. */
export const NOBODY = "nobody";

/**
 * Signs in with the password, which is the account's id here. The cookie of the session stays with the client that
 * asked: the jar of the browser is one for the whole page, and each client is somebody else. It ends with the page.
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
  // It ends by itself too: nobody waits for this.
  fetch("logout", { method: "POST", credentials: "omit", headers: { "x-session": session, "x-page": PAGE } }).catch(
    () => {},
  );
}
