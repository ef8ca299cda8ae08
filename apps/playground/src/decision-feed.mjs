// @ts-check

/** @typedef {import("@portcullis/core").DecisionEvent} DecisionEvent */
/** @typedef {import("./rules.mjs").ChatScope} ChatScope */
/** @typedef {Pick<DecisionEvent, "phase" | "action" | "decision" | "milliseconds" | "trace"> & { scope: object }} Decided */

/**
 * @typedef {object} Watcher
 * @property {string} page
 * @property {(kind: string, data: unknown) => void} tell sends a message to the page
 * @property {() => boolean} isSlow true while too much is buffered for the page
 * @property {object[]} waiting decisions for the next message
 * @property {number} missed decisions that were dropped since the last message
 */

/** Milliseconds. The decisions of one interval go into one message. */
const INTERVAL = 60;
const MOST_WAITING = 200;

/**
 * Sends decisions with their traces to the pages that watch, and changes of the common state. Clients of the chat get
 * less. A refusal has a code, a status and a reason, and its trace stays on the server.
 */
export class DecisionFeed {
  #faults;
  #lastId = 0;
  /** @type {Map<string, Watcher>} */
  #watchers = new Map();
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /** @param {import("./faults.mjs").Faults} faults */
  constructor(faults) {
    this.#faults = faults;
  }

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
   * Sends a change to every page.
   *
   * @param {string} kind
   * @param {unknown} data
   */
  announce(kind, data) {
    for (const { tell } of this.#watchers.values()) tell(kind, data);
  }

  /**
   * Takes a decision for the next message to each page.
   *
   * @param {Decided} decided
   */
  report(decided) {
    const id = ++this.#lastId;
    if (this.#watchers.size === 0) return;
    const described = { ...describe(decided, id), faults: this.#faultsOf(decided) };
    const { page } = /** @type {Partial<ChatScope>} */ (decided.scope);
    for (const watcher of this.#watchers.values()) {
      watcher.waiting.push({ ...described, isOwn: page === watcher.page });
      if (watcher.waiting.length <= MOST_WAITING) continue;
      watcher.waiting.shift();
      watcher.missed += 1;
    }
    this.#timer ??= setTimeout(() => this.#flush(), INTERVAL);
  }

  /** @param {Decided} decided */
  #faultsOf({ decision, trace, milliseconds }) {
    const rules = [trace?.permissions, trace?.rule].flatMap(leavesOf);
    const isTimeout = decision.code === "permission_timeout";
    const restsOn = (/** @type {string} */ rule, /** @type {string} */ kind) =>
      rules.some(({ name, outcome }) => {
        // The rule that was waited for has no outcome after a timeout.
        return name === rule && (outcome !== undefined || (isTimeout && ["hangs", "late"].includes(kind)));
      });
    const faults = Object.entries(this.#faults.during(milliseconds));
    return Object.fromEntries(faults.filter(([rule, kind]) => restsOn(rule, kind)));
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

/**
 * @param {NonNullable<Decided["trace"]>["rule"]} node
 * @returns {{ name: string, outcome?: string }[]} the rules of a trace
 */
function leavesOf(node) {
  if (node === undefined) return [];
  return node.operands ? node.operands.flatMap(leavesOf) : [node];
}
