// @ts-check
import { randomBytes } from "node:crypto";
import { sign, unsign } from "cookie-signature";
import session from "express-session";
import passport from "passport";
import { Strategy } from "passport-local";
import { Leases } from "./leases.mjs";

/** @typedef {import("./accounts.mjs").Account} Account */

export const COOKIE = "playground.sid";
const DAY = 24 * 60 * 60 * 1000;

/**
 * Sessions and passwords, as in any application of Express.
 *
 * @param {import("./accounts.mjs").Accounts} accounts
 * @param {number} [life] seconds that a sign-in lasts without a renewal
 */
export function makeSignIn(accounts, life) {
  const secret = randomBytes(32).toString("hex");
  const authenticator = new passport.Passport();
  authenticator.use(new Strategy(checkPassword(accounts)));
  authenticator.serializeUser((user, done) => done(null, /** @type {Account} */ (user).id));
  // The account itself and no copy, so a ban applies to the next message.
  authenticator.deserializeUser((id, done) => done(null, accounts.find(id) ?? false));
  const store = new session.MemoryStore();
  const leases = new Leases(life);
  const end = (/** @type {string} */ id) => {
    leases.end(id);
    store.destroy(id);
  };
  return {
    leases,
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
    end,
    /**
     * @param {string} id of an account, whose sessions end
     * @param {string} kept id of the session that stays
     */
    endOthers: async (id, kept) => {
      for (const sid of await sessionsOf(store, id)) if (sid !== kept) end(sid);
    },
    /**
     * The session of a client and the end of its sign-in, for its scope.
     *
     * @param {import("./visitor.mjs").Introduction} introduction
     * @returns {{ sid?: string, expiresAt?: number | undefined }}
     */
    leaseOf({ session }) {
      const sid = typeof session === "string" && unsign(readable(session).replace(/^s:/, ""), secret);
      return sid ? { sid, expiresAt: leases.endOf(sid) } : {};
    },
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

/**
 * @param {import("express-session").MemoryStore} store
 * @param {string} account
 * @returns {Promise<string[]>} ids of the sessions of an account
 */
function sessionsOf(store, account) {
  return new Promise((resolve, reject) => {
    store.all((error, sessions) => {
      const all = Object.entries(/** @type {Record<string, any>} */ (sessions ?? {}));
      if (error) reject(error);
      else resolve(all.filter(([, { passport: kept }]) => kept?.user === account).map(([sid]) => sid));
    });
  });
}

/** @param {string} text as a client sent it, which may be no encoded text */
function readable(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
