// @ts-check
import { openObserver } from "./connection.js";
import { byId, clock, element, icon } from "./dom.js";
import { drawTree, duration } from "./tree.js";

/**
 * @typedef {object} Decided
 * @property {number} id
 * @property {number} at
 * @property {number} client
 * @property {string} account
 * @property {"connect" | "action" | "object"} moment
 * @property {string} action
 * @property {"allow" | "deny" | "abstain" | "error"} outcome
 * @property {string} code
 * @property {number} status
 * @property {string} [reason]
 * @property {string} by
 * @property {number} milliseconds
 * @property {{ permissions?: import("./tree.js").TraceNode, rule?: import("./tree.js").TraceNode }} trace
 */

const MOST_DECISIONS = 100;

/** The decisions about this page's clients: a list, and one of them drawn as a tree. */
export class Decisions {
  #list = byId("decision-list");
  #explained = byId("explained");
  #follow = /** @type {HTMLInputElement} */ (byId("follow"));
  /** @type {Map<number, { decided: Decided, button: HTMLButtonElement }>} */
  #entries = new Map();

  /** @type {Promise<void> | undefined} */
  #watching;

  constructor() {
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
          if (action === "decision") this.#add(data);
          else resolve();
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
   * Shows the decision that was made about an action of a client at about that time.
   *
   * @param {number} client
   * @param {string} action
   * @param {number} at
   */
  explain(client, action, at) {
    const distance = (/** @type {Decided} */ decided) => Math.abs(decided.at - at);
    const fitting = [...this.#entries.values()]
      .map(({ decided }) => decided)
      .filter((decided) => decided.client === client && decided.action === action && decided.outcome !== "allow")
      .sort((one, other) => distance(one) - distance(other));
    if (fitting[0] === undefined) return;
    this.#follow.checked = false;
    this.#show(fitting[0]);
    this.#reveal();
  }

  /** Shows every decision as it comes. */
  follow() {
    this.#follow.checked = true;
  }

  /** @param {Decided} decided */
  #add(decided) {
    const button = element(
      "button",
      { type: "button", class: "decision", "data-tone": decided.outcome },
      element("span", { class: "badge", "data-tone": decided.outcome }, icon(decided.outcome)),
      element(
        "span",
        { class: "what" },
        element("code", {}, decided.action),
        element("span", { class: "who" }, who(decided)),
      ),
      element("span", { class: "verdict" }, decided.outcome === "allow" ? "allowed" : decided.code),
      element("time", {}, clock(decided.at)),
    );
    button.addEventListener("click", () => {
      this.#follow.checked = false;
      this.#show(decided);
      this.#reveal();
    });
    this.#list.prepend(element("li", {}, button));
    this.#entries.set(decided.id, { decided, button });
    this.#trim();
    if (this.#follow.checked) this.#show(decided);
  }

  #trim() {
    while (this.#list.children.length > MOST_DECISIONS) this.#list.lastElementChild?.remove();
    for (const id of this.#entries.keys()) {
      if (this.#entries.size <= MOST_DECISIONS) break;
      this.#entries.delete(id);
    }
  }

  /** @param {Decided} decided */
  #show(decided) {
    for (const [id, { button }] of this.#entries) {
      if (id === decided.id) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    this.#explained.dataset.tone = decided.outcome;
    this.#explained.replaceChildren(...headline(decided), ...trees(decided));
  }

  /** On a narrow page the tree is somewhere else. */
  #reveal() {
    this.#explained.scrollIntoView({ block: "nearest" });
    this.#explained.focus({ preventScroll: true });
  }
}

/** @param {Decided} decided */
function who({ client, account, moment }) {
  return `Client ${client}, ${account}${moment === "object" ? ", about the object" : ""}`;
}

/** @param {Decided} decided */
function headline(decided) {
  const { outcome, action, code, status, reason, by, milliseconds } = decided;
  const isAllowed = outcome === "allow";
  return [
    element(
      "header",
      { class: "headline" },
      element("span", { class: "badge large", "data-tone": outcome }, icon(outcome)),
      element(
        "div",
        {},
        element("h3", { id: "explained-title" }, `${isAllowed ? "Allowed" : "Refused"}: `, element("code", {}, action)),
        element("p", { class: "who" }, who(decided)),
      ),
    ),
    isAllowed || !reason ? undefined : element("p", { class: "sentence" }, reason),
    element(
      "dl",
      { class: "facts" },
      ...fact("Status", String(status)),
      ...fact("Code", code),
      ...fact("Decided by", by || "the policy"),
      ...fact("Took", duration(milliseconds)),
    ),
  ].filter((part) => part !== undefined);
}

/**
 * @param {string} name
 * @param {string} value
 */
function fact(name, value) {
  return [element("div", {}, element("dt", {}, name), element("dd", {}, value))];
}

/** @param {Decided} decided */
function trees({ trace, action, code }) {
  const parts = [
    { title: "Asked of everything", root: trace.permissions },
    { title: `Asked of ${action}`, root: trace.rule },
  ];
  const drawn = parts.flatMap(({ title, root }) => {
    return root ? [element("h4", {}, title), drawTree(root, title)] : [];
  });
  if (code === "unknown_action")
    drawn.push(element("p", { class: "empty" }, "No rule stands for this action, so it is refused."));
  return drawn;
}
