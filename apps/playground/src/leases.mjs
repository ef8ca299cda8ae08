// @ts-check

/** Seconds that a sign-in lasts without a renewal. */
const LIFE = 600;

/** The ends of sign-ins. They stand for the ends of tokens, which a session cookie does not have. */
export class Leases {
  /** @type {Map<string, number>} milliseconds since the epoch, by the id of the session */
  #ends = new Map();
  #life;

  /** @param {number} [life] seconds */
  constructor(life = LIFE) {
    this.#life = life;
  }

  /**
   * Begins or renews the sign-in of a session.
   *
   * @param {string} sid
   * @returns {number} seconds until its end
   */
  begin(sid) {
    this.#ends.set(sid, Date.now() + this.#life * 1000);
    return this.#life;
  }

  /** @param {string} sid */
  end(sid) {
    this.#ends.delete(sid);
  }

  /**
   * @param {string} sid
   * @returns {number | undefined} milliseconds since the epoch
   */
  endOf(sid) {
    return this.#ends.get(sid);
  }
}
