// @ts-check
import { randomBytes } from "node:crypto";
import { sign } from "cookie-signature";
import session from "express-session";
import passport from "passport";
import { Strategy } from "passport-local";

/** @typedef {import("./accounts.mjs").Account} Account */

export const COOKIE = "playground.sid";
const DAY = 24 * 60 * 60 * 1000;

/**
 * Sessions and passwords, as in any application of Express.
 *
 * @param {import("./accounts.mjs").Accounts} accounts
 */
export function makeSignIn(accounts) {
  const secret = randomBytes(32).toString("hex");
  const authenticator = new passport.Passport();
  authenticator.use(new Strategy(checkPassword(accounts)));
  authenticator.serializeUser((user, done) => done(null, /** @type {Account} */ (user).id));
  // The account itself and no copy, so a ban applies to the next message.
  authenticator.deserializeUser((id, done) => done(null, accounts.find(id) ?? false));
  const store = new session.MemoryStore();
  return {
    /** Finds the user of a request and, through the bridge, of a handshake. */
    identify: [
      session({
        name: COOKIE,
        store,
        secret,
        resave: false,
        saveUninitialized: false,
        cookie: { httpOnly: true, sameSite: /** @type {const} */ ("strict"), maxAge: DAY },
      }),
      /** @type {import("express").RequestHandler} */ (authenticator.session()),
    ],
    /** Checks the password, and begins a session. */
    check: /** @type {import("express").RequestHandler} */ (authenticator.authenticate("local")),
    /** @param {string} id of a session, which ends */
    end: (id) => store.destroy(id),
    /**
     * The value of the cookie of a session, for a client that has no jar of its own.
     *
     * @param {string} id
     */
    cookieValue: (id) => encodeURIComponent(`s:${sign(id, secret)}`),
  };
}

/**
 * @param {import("./accounts.mjs").Accounts} accounts
 * @returns {(name: string, password: string, done: (error: null, user: Account | false) => void) => void}
 */
function checkPassword(accounts) {
  return (name, password, done) => done(null, accounts.check(name, password) ?? false);
}
