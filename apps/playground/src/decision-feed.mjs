// @ts-check
import { watchedPage } from "./policy.mjs";

/** @typedef {import("@portcullis/core/adapter").DecisionEvent} DecisionEvent */

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
    const { subprotocols } = event.scope;
    const page = named(subprotocols, "page.");
    if (page === undefined || watchedPage(event.scope) !== undefined) return;
    const decided = describe(event, Number(named(subprotocols, "client.")), ++this.#lastId);
    for (const watcher of this.#watchers.values()) {
      if (watcher.page === page) watcher.send(decided);
    }
  }
}

/**
 * @param {readonly string[]} subprotocols
 * @param {string} prefix
 */
function named(subprotocols, prefix) {
  return subprotocols.find((name) => name.startsWith(prefix))?.slice(prefix.length);
}

/**
 * @param {DecisionEvent} event
 * @param {number} client
 * @param {number} id
 */
function describe({ moment, action, decision, scope, milliseconds, trace = {} }, client, id) {
  const { outcome, code, status, reason, by } = decision;
  const user = /** @type {import("./policy.mjs").ChatScope} */ (scope).user;
  const account = user?.name ?? "not signed in";
  return {
    id,
    at: Date.now(),
    client,
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
