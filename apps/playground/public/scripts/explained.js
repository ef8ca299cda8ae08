// @ts-check
import { who } from "./decision-row.js";
import { element, icon, reachable } from "./dom.js";
import { colour } from "./program-colours.js";
import { drawFaults } from "./rested-on.js";
import { drawTree, duration } from "./tree.js";
import { bringIntoView, isNarrow, scrollPage, scrollPanel } from "./view.js";

/**
 * @typedef {import("./decisions.js").Decided} Decided
 * @typedef {import("./server-state.js").KnownRule} KnownRule
 */

/** One decision with the tree of its rules and the source of one of them. */
export class Explained {
  #place;
  /** @type {readonly KnownRule[]} */
  #known = [];
  /** @type {Record<string, string>} */
  #faults = {};
  #restedOn = element("div", { role: "status" });
  /** @type {Decided | undefined} */
  #shown;

  /**
   * @param {HTMLElement} place
   * @param {import("./server-state.js").ServerState} server
   */
  constructor(place, server) {
    this.#place = place;
    server.listen(({ known, faults }) => {
      this.#known = known;
      this.#faults = faults;
      this.#drawFaults();
    });
  }

  /** @param {Decided} decided */
  show(decided) {
    const source = element("figure", { class: "source", "aria-live": "polite" });
    const showSource = (/** @type {string} */ rule) => this.#showSource(source, rule);
    this.#place.dataset.tone = decided.outcome;
    this.#shown = decided;
    this.#drawFaults();
    this.#place.replaceChildren(...headline(decided), this.#restedOn, ...trees(decided, showSource), source);
    // The name of a `not` contains the rule that it negates.
    const decisive = decided.by.replace(/^not\((.*)\)$/, "$1");
    if (decided.trace && this.#ruleOf(decisive)) showSource(decisive);
    this.#scrollToTree();
  }

  /** Scrolls to the decision and moves the keyboard there. */
  reveal() {
    this.scrollIntoView();
    this.#place.focus({ preventScroll: true });
  }

  /** On a narrow page the decision begins at the upper edge, or above it where its tree needs the height. */
  scrollIntoView() {
    const row = this.#lastRow;
    const title = [...this.#place.querySelectorAll("h4")].at(-1);
    if (isNarrow() && row && title) scrollPage({ head: this.#place, title, row });
    else bringIntoView(this.#place);
    this.#scrollToTree();
  }

  /** The last row of the trees. */
  get #lastRow() {
    return [...this.#place.querySelectorAll(".node")].at(-1);
  }

  /** Beside the clients, brings the end of the tree into view inside the panel, where it may be below the edge. */
  #scrollToTree() {
    const panel = /** @type {HTMLElement | null} */ (this.#place.closest(".decisions"));
    const row = this.#lastRow;
    if (panel && row && !isNarrow()) scrollPanel(panel, { head: this.#place, row });
  }

  #drawFaults() {
    const drawn = this.#shown && drawFaults(this.#shown, this.#faults);
    this.#restedOn.replaceChildren(...(drawn ? [drawn] : []));
    this.#scrollToTree();
  }

  /** @param {string} label as decisions call it, for example `HasRole(admin)` */
  #ruleOf(label) {
    return this.#known.find(({ name }) => name === label.replace(/\(.*/, ""));
  }

  /**
   * @param {HTMLElement} place
   * @param {string} label
   */
  #showSource(place, label) {
    const rule = this.#ruleOf(label);
    for (const button of this.#place.querySelectorAll("button.rule")) {
      button.setAttribute("aria-pressed", String(button.textContent === label));
    }
    const caption = element("figcaption", {}, element("code", {}, label), ` ${rule?.about ?? ""}`);
    const text = rule?.source ?? `import { ${rule?.name ?? label} } from "@portcullis/core";`;
    const code = element("pre", {}, element("code", {}, ...colour(text)));
    reachable(code, `Source of ${label}`);
    place.replaceChildren(caption, code);
  }
}

/**
 * Leads back to the client from a decision that is far below it.
 *
 * @param {Decided} decided
 */
function wayBack({ isOwn, client }) {
  if (!isOwn || client === 0 || !isNarrow()) return undefined;
  return element("a", { class: "way-back", href: `#client-${client}` }, `Back to Client ${client}`);
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
        wayBack(decided),
      ),
    ),
    ...(isAllowed || !reason ? [] : [element("p", { class: "sentence" }, reason)]),
    element(
      "dl",
      { class: "facts" },
      fact("Status", String(status)),
      fact("Code", code),
      fact("Decided by", by || "the policy"),
      fact("Took", duration(milliseconds)),
    ),
  ];
}

/**
 * @param {string} name
 * @param {string} value
 */
function fact(name, value) {
  return element("div", {}, element("dt", {}, name), element("dd", {}, value));
}

/**
 * @param {Decided} decided
 * @param {(rule: string) => void} showSource
 */
function trees({ trace, phase, action, code }, showSource) {
  const parts = [
    { title: "Rules of every action", root: trace?.permissions },
    { title: phase === "connect" ? "Rules of the connection" : `Rules of ${action}`, root: trace?.rule },
  ];
  const drawn = parts.flatMap(({ title, root }) => {
    return root ? [element("h4", {}, title), drawTree(root, title, showSource)] : [];
  });
  if (code === "unknown_action") {
    drawn.push(element("p", { class: "empty" }, "The policy has no rule for this action. Such actions are refused."));
  }
  return drawn;
}
