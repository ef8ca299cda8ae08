// @ts-check
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";

/**
 * @typedef {object} Account
 * @property {string} id
 * @property {string} name
 * @property {readonly string[]} roles
 * @property {boolean} isBanned
 */

/** Who is there to sign in as. A guest is signed in, but has no role. */
const PEOPLE = [
  { id: "guest", name: "Guest", roles: [] },
  { id: "member", name: "Member", roles: ["member"] },
  { id: "admin", name: "Admin", roles: ["admin"] },
];

/** The accounts of one server, in memory. Each has a token, a new one at every start. */
export class Accounts {
  /** @type {Map<string, Account>} */
  #byId = new Map(PEOPLE.map((person) => [person.id, { ...person, isBanned: false }]));
  /** @type {Map<string, Account>} */
  #byToken = new Map([...this.#byId.values()].map((account) => [randomUUID(), account]));

  /**
   * @param {unknown} id
   * @returns {Account | undefined}
   */
  find(id) {
    return this.#byId.get(/** @type {string} */ (id));
  }

  /**
   * The account itself and no copy: what changes on it counts for the next message of every open socket.
   *
   * @param {string} token
   * @returns {Account | undefined}
   */
  ofToken(token) {
    return this.#byToken.get(token);
  }

  /**
   * Everybody's token, for everybody who can load the page. Only a playground may do that: it is there to be anyone.
   */
  listWithTokens() {
    return [...this.#byToken].map(([token, { id, name }]) => ({ id, name, token }));
  }
}

const MEMBERSHIPS = new Map([["member", { since: "2026-01-01" }]]);

/**
 * Stands for a query of a database: it takes a while.
 *
 * @param {string | undefined} id of an account
 * @param {AbortSignal} signal aborted when nobody waits for the answer any more
 */
export async function findMembership(id, signal) {
  await pause(4, undefined, { signal });
  return MEMBERSHIPS.get(id ?? "");
}
