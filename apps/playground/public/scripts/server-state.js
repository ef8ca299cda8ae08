// @ts-check

/**
 * @typedef {object} KnownRule
 * @property {string} name
 * @property {string} about
 * @property {string} [source]
 *
 * @typedef {{ text: string, version: number, rules: string[] }} Policy
 *
 * @typedef {object} State
 * @property {string} token
 * @property {Policy} policy in force
 * @property {Record<string, string>} faults by the name of the rule
 * @property {KnownRule[]} known
 * @property {string[]} banned ids of accounts, as they were when the state was loaded
 * @property {string[]} demoted ids of accounts whose roles were taken away
 * @property {boolean} isDemo
 *
 * @typedef {{ message: string, start?: number, end?: number, line?: number, column?: number }} Refusal
 */

/** The state that the server shares with all pages: the policy and the faults of its rules. */
export class ServerState {
  /** @type {State | undefined} */
  #state;
  /** @type {((state: State) => void)[]} */
  #listeners = [];

  /** @param {(state: State) => void} listener called with every change, and at once when the state is loaded */
  listen(listener) {
    this.#listeners.push(listener);
    if (this.#state) listener(this.#state);
  }

  /** @returns {State | undefined} `undefined` before the server has answered */
  get current() {
    return this.#state;
  }

  /** Loads the whole state. A restarted server has another token. */
  async load() {
    const response = await fetch("state");
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    this.#learn(await response.json());
  }

  /**
   * Takes a change. Changes before the first `load` are part of its answer and need no update.
   *
   * @param {Partial<State>} part
   */
  update(part) {
    if (this.#state) this.#learn({ ...this.#state, ...part });
  }

  /** @param {State} state */
  #learn(state) {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }

  /**
   * Puts a policy in force.
   *
   * @param {string} text
   * @returns {Promise<Refusal | undefined>} the first error; `undefined` when the policy is in force
   */
  apply(text) {
    return this.#post("policy", { text });
  }

  /**
   * @param {string} rule
   * @param {string | null} kind `null` lets the rule work again
   */
  breakRule(rule, kind) {
    return this.#post("faults", { rule, kind });
  }

  /**
   * Takes the roles of an account away, or gives them back.
   *
   * @param {string} account
   * @param {boolean} areTaken
   */
  demote(account, areTaken) {
    return this.#post("roles", { account, areTaken });
  }

  /**
   * @param {string} path
   * @param {object} body
   * @returns {Promise<Refusal | undefined>}
   */
  async #post(path, body) {
    try {
      const response = await fetch(path, {
        method: "POST",
        headers: { "content-type": "application/json", "x-page-token": this.#state?.token ?? "" },
        body: JSON.stringify(body),
      });
      return response.ok ? undefined : await response.json();
    } catch {
      return { message: "The server is not there." };
    }
  }
}
