import { randomUUID } from "node:crypto";

const USERS = new Map([
  ["ann", { name: "ann", roles: ["editor"] }],
  ["bob", { name: "bob", roles: [] }],
  ["mallory", { name: "mallory", roles: [], isBanned: true }],
]);

/** Sessions and their tokens, in memory. A real server signs its tokens and keeps its sessions in a database. */
export class Sessions {
  #sessions = new Map();
  #tokens = new Map();
  #life;

  /** @param {number} life of a token, in milliseconds */
  constructor(life) {
    this.#life = life;
  }

  /** Returns the id of a new session. A name without a user makes a guest. */
  begin(name) {
    const sid = randomUUID();
    this.#sessions.set(sid, USERS.get(name) ?? null);
    return sid;
  }

  /** Ends a session. Returns false where there was none. */
  end(sid) {
    return this.#sessions.delete(sid);
  }

  /** Returns a token of a session, or `undefined` when the session has ended. */
  tokenOf(sid) {
    if (!this.#sessions.has(sid)) return undefined;
    const token = randomUUID();
    this.#tokens.set(token, { sid, expiresAt: Date.now() + this.#life });
    setTimeout(() => this.#tokens.delete(token), this.#life).unref();
    return token;
  }

  /** Returns the fields of the scope that belong to a token, or `undefined` when it has ended. */
  read(token) {
    const claims = this.#tokens.get(token);
    if (claims === undefined || !this.#sessions.has(claims.sid)) return undefined;
    return { user: this.#sessions.get(claims.sid), ...claims };
  }
}
