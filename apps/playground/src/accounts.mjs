// @ts-check

/**
 * @typedef {object} Account
 * @property {string} id
 * @property {string} name
 * @property {readonly string[]} roles none once they were taken away
 * @property {boolean} isBanned
 */

/** The accounts to sign in with. */
const PEOPLE = [
  { id: "guest", name: "Guest", roles: ["guest"] },
  { id: "member", name: "Member", roles: ["member"] },
  { id: "admin", name: "Admin", roles: ["admin"] },
];

/** The accounts of one server, in memory. */
export class Accounts {
  /** @type {Map<string, Account>} */
  #byId = new Map(PEOPLE.map((person) => [person.id, { ...person, isBanned: false }]));

  /**
   * Returns the account itself and no copy, so changes to it apply to the next message of every open socket.
   *
   * @param {unknown} id
   * @returns {Account | undefined}
   */
  find(id) {
    return this.#byId.get(/** @type {string} */ (id));
  }

  /** @returns {string[]} ids of the accounts that are banned */
  banned() {
    return [...this.#byId.values()].filter(({ isBanned }) => isBanned).map(({ id }) => id);
  }

  /** @returns {string[]} ids of the accounts whose roles were taken away */
  demoted() {
    return [...this.#byId.values()].filter(({ roles }) => roles.length === 0).map(({ id }) => id);
  }

  /**
   * Takes the roles of an account away, or gives them back.
   *
   * @param {Account} account
   * @param {boolean} areTaken
   */
  demote(account, areTaken) {
    account.roles = areTaken ? [] : (PEOPLE.find(({ id }) => id === account.id)?.roles ?? []);
  }

  /**
   * The password of an account is its id, because a playground lets everybody sign in as anybody.
   *
   * @param {unknown} id
   * @param {unknown} password
   * @returns {Account | undefined} `undefined` when they do not match
   */
  check(id, password) {
    return id === password ? this.find(id) : undefined;
  }
}
