// @ts-check
import { openObserver } from "./connection.js";
import { drawRow } from "./decision-row.js";
import { byId, element } from "./dom.js";
import { Explained } from "./explained.js";

/**
 * @typedef {object} Decided
 * @property {number} id
 * @property {number} at
 * @property {number} client 0 where it is on no page
 * @property {boolean} isOwn whether the client is on this page
 * @property {string} carrier
 * @property {string} account
 * @property {"connect" | "action" | "object"} phase
 * @property {string} action
 * @property {"allow" | "deny" | "abstain" | "error"} outcome
 * @property {string} code
 * @property {number} status
 * @property {string} [reason]
 * @property {string} by
 * @property {number} milliseconds
 * @property {{ permissions?: import("./tree.js").TraceNode, rule?: import("./tree.js").TraceNode }} [trace]
 */

/**
 * @typedef {object} Wanted
 * @property {number} client
 * @property {string} action
 * @property {string} code
 * @property {number} at when its answer came
 */

const MOST_DECISIONS = 100;
/** Milliseconds between two drawings of the list: a key that is pressed meanwhile does not wait for the next one. */
const PACE = 100;
/** Milliseconds that a tree stands before that of a later decision takes its place by itself. */
const STANDING = 200;
/** Milliseconds within which the decision behind an answer is told, on a busy machine too. */
const TELLING = 2000;

/** All decisions of the server as they happen: a list, and one of them drawn as a tree. */
export class Decisions {
  #list = byId("decision-list");
  #total = byId("decision-total");
  #follow = /** @type {HTMLInputElement} */ (byId("follow"));
  #explained;
  #server;
  /** @type {Map<number, { decided: Decided, button: HTMLButtonElement }>} */
  #entries = new Map();
  /** @type {Decided[]} came since the list was last drawn */
  #waiting = [];
  #count = 0;
  #isDrawing = false;
  #drawnAt = 0;
  /** @type {number | undefined} */
  #shown;
  /** @type {Wanted | undefined} was asked for, and may not have come yet */
  #wanted;
  /** @type {Promise<void> | undefined} */
  #watching;
  /** @type {Decided | undefined} waits until the one that is shown has stood long enough */
  #next;
  #isStanding = false;

  /** @param {import("./server-state.js").ServerState} server */
  constructor(server) {
    this.#server = server;
    this.#explained = new Explained(byId("explained"), server);
    // What scrolls must be within reach of the keyboard.
    this.#list.tabIndex = 0;
  }

  /**
   * Begins to listen, unless it does already.
   *
   * @returns {Promise<void>} when decisions arrive from now on, or the server is not there
   */
  watch() {
    this.#watching ??= new Promise((resolve) => {
      const line = openObserver({
        opened: () => line.send(JSON.stringify({ action: "decisions.watch", request_id: 1 })),
        received: ({ action, data }) => {
          if (action === "decisions") this.#add(data);
          else if (action === "policy" || action === "faults") this.#server.update({ [action]: data });
          // A server that was started again knows nothing of what was before.
          else this.#server.load().then(resolve, resolve);
        },
        closed: () => {
          this.#watching = undefined;
          resolve();
        },
      });
    });
    return this.#watching;
  }

  /**
   * Shows the decision behind a refusal, once it is known.
   *
   * @param {Wanted} wanted
   */
  explain(wanted) {
    const fitting = this.#find(wanted);
    if (fitting) this.#choose(fitting);
    // An answer may be here before the decision that it came from is told: one that fits better may come.
    if (!fitting || Date.now() - wanted.at < TELLING) this.#wanted = wanted;
  }

  /**
   * Of the refusals of an action of a client: the nearest in time with that code, or with another.
   *
   * @param {Wanted} wanted
   * @returns {Decided | undefined}
   */
  #find({ client, action, code, at }) {
    const differs = (/** @type {Decided} */ decided) => Number(decided.code !== code);
    const distance = (/** @type {Decided} */ decided) => Math.abs(decided.at - at);
    const [fitting] = [...this.#entries.values()]
      .map(({ decided }) => decided)
      .filter((decided) => decided.isOwn && decided.client === client && decided.action === action)
      .filter(({ outcome }) => outcome !== "allow")
      .sort((one, other) => differs(one) - differs(other) || distance(one) - distance(other));
    return fitting;
  }

  /** @returns {boolean} whether what was asked for is shown, rather than what came last */
  #showWanted() {
    const wanted = this.#wanted;
    const fitting = wanted && this.#find(wanted);
    if (!fitting) return false;
    if (fitting.id !== this.#shown) this.#choose(fitting);
    if (Date.now() - wanted.at >= TELLING) this.#wanted = undefined;
    return true;
  }

  /** Shows every decision as it comes. */
  follow() {
    this.#wanted = undefined;
    this.#follow.checked = true;
  }

  /** @param {{ decided: Decided[], missed: number }} news */
  #add({ decided, missed }) {
    this.#count += decided.length + missed;
    // Only the newest are kept: a page in the background draws nothing, and must not collect.
    this.#waiting = [...this.#waiting, ...decided].slice(-MOST_DECISIONS);
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    const pause = this.#drawnAt + PACE - performance.now();
    setTimeout(() => requestAnimationFrame(() => this.#draw()), Math.max(0, pause));
  }

  #draw() {
    this.#isDrawing = false;
    this.#drawnAt = performance.now();
    const rows = this.#waiting.map((decided) => {
      const button = drawRow(decided, () => this.#choose(decided));
      this.#entries.set(decided.id, { decided, button });
      return element("li", {}, button);
    });
    const latest = this.#waiting.at(-1);
    this.#waiting = [];
    this.#list.prepend(...rows.reverse());
    this.#trim();
    this.#total.textContent = this.#count.toLocaleString("en");
    if (!this.#showWanted() && latest) this.#showLatest(latest);
  }

  /** @param {Decided} latest */
  #showLatest(latest) {
    this.#next = latest;
    if (this.#isStanding) return;
    this.#isStanding = true;
    setTimeout(() => {
      this.#isStanding = false;
      if (this.#next) this.#showLatest(this.#next);
    }, STANDING);
    this.#next = undefined;
    if (this.#follow.checked) this.#show(latest);
  }

  #trim() {
    while (this.#list.children.length > MOST_DECISIONS) this.#list.lastElementChild?.remove();
    for (const id of this.#entries.keys()) {
      if (this.#entries.size <= MOST_DECISIONS) break;
      this.#entries.delete(id);
    }
  }

  /** @param {Decided} decided */
  #choose(decided) {
    this.#follow.checked = false;
    this.#wanted = undefined;
    this.#show(decided);
    this.#explained.reveal();
  }

  /** @param {Decided} decided */
  #show(decided) {
    if (this.#shown !== undefined) this.#entries.get(this.#shown)?.button.removeAttribute("aria-current");
    this.#entries.get(decided.id)?.button.setAttribute("aria-current", "true");
    this.#shown = decided.id;
    this.#explained.show(decided);
  }
}
