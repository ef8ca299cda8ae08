// @ts-check

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

/** The accounts of one server, in memory. */
export class Accounts {
  /** @type {Map<string, Account>} */
  #byId = new Map(PEOPLE.map((person) => [person.id, { ...person, isBanned: false }]));

  /**
   * The account itself and no copy: what changes on it counts for the next message of every open socket.
   *
   * @param {unknown} id
   * @returns {Account | undefined}
   */
  find(id) {
    return this.#byId.get(/** @type {string} */ (id));
  }

  /**
   * The password of an account is its id, and the page says so: a playground is there to be anyone.
   *
   * @param {unknown} id
   * @param {unknown} password
   * @returns {Account | undefined} `undefined` where they do not fit
   */
  check(id, password) {
    return id === password ? this.find(id) : undefined;
  }
}
