// @ts-check
import { openObserver } from "./connection.js";
import { drawRow } from "./decision-row.js";
import { byId, element } from "./dom.js";
import { Explained } from "./explained.js";
import { isNarrow } from "./view.js";

/**
 * @typedef {object} Decided
 * @property {number} id
 * @property {number} at
 * @property {number} client 0 where it is on no page
 * @property {boolean} isOwn true when the client is on this page
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
 * @property {Record<string, string>} faults that the rules of this decision had, by the name of the rule
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
/** Milliseconds between two drawings of the list, so that keys pressed in between are handled at once. */
const PACE = 100;
/** Milliseconds that a tree is shown before the tree of a later decision replaces it. */
const STANDING = 200;
/** Milliseconds within which the decision behind an answer arrives, on a busy machine too. */
const TELLING = 2000;

/** Lists the decisions of the server as they happen, and draws one of them as a tree. */
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
  /** @type {Decided | undefined} */
  #lastOwn;
  #isDrawing = false;
  #drawnAt = 0;
  /** @type {number | undefined} */
  #shown;
  /** @type {Wanted | undefined} the user asked for it, and it may not have arrived yet */
  #wanted;
  /** @type {Promise<void> | undefined} */
  #watching;
  /** @type {Decided | undefined} is shown after the present one has been shown for STANDING */
  #next;
  #isStanding = false;

  /** @param {import("./server-state.js").ServerState} server */
  constructor(server) {
    this.#server = server;
    this.#explained = new Explained(byId("explained"), server);
    // A scroller without controls needs a tab stop of its own.
    this.#list.tabIndex = 0;
  }

  /**
   * Subscribes to the decisions, unless it is subscribed already.
   *
   * @returns {Promise<void>} resolves once decisions arrive, or when the server cannot be reached
   */
  watch() {
    this.#watching ??= new Promise((resolve) => {
      const line = openObserver({
        opened: () => line.send(JSON.stringify({ action: "decisions.watch", request_id: 1 })),
        received: ({ action, data }) => {
          if (action === "decisions") this.#add(data);
          else if (action === "policy" || action === "faults" || action === "demoted")
            this.#server.update({ [action]: data });
          // A restarted server has lost its state.
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
   * Shows the decision behind a refusal once it arrives.
   *
   * @param {Wanted} wanted
   */
  explain(wanted) {
    const fitting = this.#find(wanted);
    if (fitting) this.#choose(fitting);
    // An answer may arrive before its decision, so a better match may follow.
    if (!fitting || Date.now() - wanted.at < TELLING) this.#wanted = wanted;
  }

  /**
   * Finds the refusal of a client's action that is nearest in time. One with the wanted code comes first.
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

  /** @returns {boolean} true when the wanted decision is shown instead of the latest one */
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
    // A page in the background draws nothing, so only the newest decisions are kept.
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
    const refused = this.#waiting.findLast(isOwnRefusal);
    this.#lastOwn = this.#waiting.findLast(({ isOwn }) => isOwn) ?? this.#lastOwn;
    this.#waiting = [];
    this.#list.prepend(...rows.reverse());
    this.#trim();
    this.#total.textContent = this.#count.toLocaleString("en");
    if (this.#showWanted()) return;
    if (refused && isNarrow()) this.#bring(refused);
    else if (latest) this.#showLatest(latest);
  }

  /**
   * Scrolls to the tree of a refusal on a narrow page, also while `Show the latest` is off. The keyboard stays where it
   * is. Refusals before the first key or tap come from loading the page, and move nothing.
   *
   * @param {Decided} refused
   */
  #bring(refused) {
    this.#next = undefined;
    this.#show(refused);
    if (navigator.userActivation.hasBeenActive) this.reveal();
  }

  /** Scrolls to the decision that is shown. */
  reveal() {
    this.#explained.scrollIntoView();
  }

  /** The newest decision about a client of this page. */
  get lastOwn() {
    return this.#lastOwn;
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

/**
 * True for a refusal of a client on this page. Questions side by side have no client and show their own answers.
 *
 * @param {Decided} decided
 */
function isOwnRefusal({ isOwn, client, outcome }) {
  return isOwn && client !== 0 && outcome !== "allow";
}
