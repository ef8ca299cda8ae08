// @ts-check
// Rules of the servers under load, as permissions and by hand.

import { setTimeout as pause } from "node:timers/promises";
import { and, DenyAll, definePolicy, IsAuthenticated, not, PermissionDenied, permission } from "@portcullis/core";

/** A client with this name is refused. */
const STRANGER = "stranger";
/** How long a rule of `later` takes, in milliseconds. */
const LATER = 5;

/** @typedef {{ id: string, banned: boolean }} User */

/** @param {string | string[] | undefined} name @returns {User} */
const userOf = (name) => ({ id: String(name), banned: name === "banned" });

/**
 * Says who is there.
 *
 * @param {number} milliseconds How long it takes.
 */
export function authenticator(milliseconds) {
  /** @param {import("node:http").IncomingHttpHeaders} headers */
  const check = ({ "x-user": name }) => {
    if (name === STRANGER) throw new PermissionDenied("not_authenticated", { status: 401 });
    return { user: userOf(name) };
  };
  if (milliseconds === 0) return check;
  return async (/** @type {import("node:http").IncomingHttpHeaders} */ headers) => {
    await pause(milliseconds);
    return check(headers);
  };
}

const isBanned = permission("isBanned", ({ scope }) => /** @type {User} */ (scope.user).banned);
const later = permission("later", () => pause(LATER, true));
const hangs = permission("hangs", () => new Promise(() => {}));

/** Pending answers, as of a slow database. @type {((is: boolean) => void)[]} */
const asked = [];
/** @returns {Promise<boolean>} */
export const ask = () => new Promise((answer) => asked.push(answer));
const waits = permission("waits", ask);

export const policy = definePolicy({
  actions: {
    echo: and(IsAuthenticated, not(isBanned)),
    later: and(IsAuthenticated, later),
    hang: and(IsAuthenticated, hangs),
    wait: and(IsAuthenticated, waits),
    secret: and(IsAuthenticated, DenyAll),
  },
});

/** Actions that may reach a handler. All others are counted as unauthorised. */
const OPEN = new Set(["echo", "later"]);

/** The check of `echo` and `secret` by hand. @param {User | undefined} user @param {unknown} action */
export const mayDo = (user, action) => user !== undefined && !user.banned && action === "echo";

/** Messages that have reached the handlers. */
export class Handled {
  total = 0;
  unauthorised = 0;

  /** @param {string} action @param {User | null | undefined} user */
  count(action, user) {
    this.total += 1;
    if (!OPEN.has(action) || !user || user.banned || user.id === STRANGER) this.unauthorised += 1;
  }
}
