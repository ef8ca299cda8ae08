// @ts-check

/** @typedef {import("@portcullis/core/adapter").DecisionEvent} DecisionEvent */
/** @typedef {import("./policy.mjs").ChatScope} ChatScope */

/**
 * Tells each page what was decided about its own clients, rule by rule. A client is never told so much elsewhere: a
 * refusal has a code, a status and a reason, and the tree behind it stays on the server.
 */
export class DecisionFeed {
  #lastId = 0;
  /** @type {Map<string, { page: string, send: (decided: object) => void }>} */
  #watchers = new Map();

  /**
   * @param {string} id of the connection that watches
   * @param {string} page
   * @param {(decided: object) => void} send
   * @param {AbortSignal} signal aborted when the connection has ended
   */
  watch(id, page, send, signal) {
    if (!this.#watchers.has(id)) signal.addEventListener("abort", () => this.#watchers.delete(id), { once: true });
    this.#watchers.set(id, { page, send });
  }

  /**
   * Hears every decision. Those about a watcher itself are of no interest.
   *
   * @param {DecisionEvent} event
   */
  report(event) {
    const { page, watchedPage } = /** @type {ChatScope} */ (event.scope);
    if (page === undefined || watchedPage !== undefined) return;
    const decided = describe(event, ++this.#lastId);
    for (const watcher of this.#watchers.values()) {
      if (watcher.page === page) watcher.send(decided);
    }
  }
}

/**
 * @param {DecisionEvent} event
 * @param {number} id
 */
function describe({ moment, action, decision, scope, milliseconds, trace = {} }, id) {
  const { outcome, code, status, reason, by } = decision;
  const { user, client } = /** @type {ChatScope} */ (scope);
  const account = user?.name ?? "not signed in";
  return {
    id,
    at: Date.now(),
    client,
    transport: scope.transport,
    account,
    moment,
    action,
    outcome,
    code,
    status,
    reason,
    by,
    milliseconds,
    trace,
  };
}
