// @ts-check

/** @typedef {import("@portcullis/core").DecisionEvent} DecisionEvent */
/** @typedef {import("./rules.mjs").ChatScope} ChatScope */
/** @typedef {Pick<DecisionEvent, "phase" | "action" | "decision" | "milliseconds" | "trace"> & { scope: object }} Decided */

/**
 * @typedef {object} Watcher
 * @property {string} page
 * @property {(kind: string, data: unknown) => void} tell
 * @property {() => boolean} isSlow whether it has not yet taken what it was told
 * @property {object[]} waiting
 * @property {number} missed decisions it will not hear of
 */

/** Milliseconds: what is decided meanwhile is told at once. */
const INTERVAL = 60;
const MOST_WAITING = 200;

/**
 * Tells pages what was decided, rule by rule, and what else changes for all of them. A client is never told so much: a
 * refusal has a code, a status and a reason, and the tree behind it stays on the server.
 */
export class DecisionFeed {
  #lastId = 0;
  /** @type {Map<string, Watcher>} */
  #watchers = new Map();
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /**
   * @param {string} id of the connection that watches
   * @param {Pick<Watcher, "page" | "tell" | "isSlow">} watcher
   * @param {AbortSignal} signal aborted when the connection has ended
   */
  watch(id, watcher, signal) {
    if (!this.#watchers.has(id)) signal.addEventListener("abort", () => this.#watchers.delete(id), { once: true });
    this.#watchers.set(id, { ...watcher, waiting: [], missed: 0 });
  }

  /**
   * Tells every page of a change.
   *
   * @param {string} kind
   * @param {unknown} data
   */
  announce(kind, data) {
    for (const { tell } of this.#watchers.values()) tell(kind, data);
  }

  /**
   * Hears every decision.
   *
   * @param {Decided} decided
   */
  report(decided) {
    const id = ++this.#lastId;
    if (this.#watchers.size === 0) return;
    const described = describe(decided, id);
    const { page } = /** @type {Partial<ChatScope>} */ (decided.scope);
    for (const watcher of this.#watchers.values()) {
      watcher.waiting.push({ ...described, isOwn: page === watcher.page });
      if (watcher.waiting.length <= MOST_WAITING) continue;
      watcher.waiting.shift();
      watcher.missed += 1;
    }
    this.#timer ??= setTimeout(() => this.#flush(), INTERVAL);
  }

  #flush() {
    this.#timer = undefined;
    for (const watcher of this.#watchers.values()) {
      const { waiting, missed } = watcher;
      if (waiting.length === 0) continue;
      if (watcher.isSlow()) {
        this.#timer ??= setTimeout(() => this.#flush(), INTERVAL);
        continue;
      }
      watcher.tell("decisions", { decided: waiting, missed });
      watcher.waiting = [];
      watcher.missed = 0;
    }
  }

  close() {
    clearTimeout(this.#timer);
    this.#watchers.clear();
  }
}

/**
 * @param {Decided} decided
 * @param {number} id
 */
function describe({ phase, action, decision, scope, milliseconds, trace }, id) {
  const { outcome, code, status, reason, by } = decision;
  const { user, client = 0, carrier = "" } = /** @type {Partial<ChatScope>} */ (scope);
  const account = user?.name ?? "not signed in";
  return {
    id,
    at: Date.now(),
    client,
    carrier,
    account,
    phase,
    action,
    outcome,
    code,
    status,
    reason,
    by,
    milliseconds,
    ...(trace && { trace }),
  };
}
