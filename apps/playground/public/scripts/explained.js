// @ts-check
import { who } from "./decision-row.js";
import { element, icon, reachable } from "./dom.js";
import { colour } from "./program-colours.js";
import { drawTree, duration } from "./tree.js";

/**
 * @typedef {import("./decisions.js").Decided} Decided
 * @typedef {import("./server-state.js").KnownRule} KnownRule
 */

/** One decision: what was answered, the tree of the rules, and the source of one of them. */
export class Explained {
  #place;
  /** @type {readonly KnownRule[]} */
  #known = [];

  /**
   * @param {HTMLElement} place
   * @param {import("./server-state.js").ServerState} server
   */
  constructor(place, server) {
    this.#place = place;
    server.listen(({ known }) => {
      this.#known = known;
    });
  }

  /** @param {Decided} decided */
  show(decided) {
    const source = element("figure", { class: "source", "aria-live": "polite" });
    const showSource = (/** @type {string} */ rule) => this.#showSource(source, rule);
    this.#place.dataset.tone = decided.outcome;
    this.#place.replaceChildren(...headline(decided), ...trees(decided, showSource), source);
    // A `not` is named after the rule that it turns round.
    const decisive = decided.by.replace(/^not\((.*)\)$/, "$1");
    if (decided.trace && this.#ruleOf(decisive)) showSource(decisive);
  }

  /** On a narrow page the tree is somewhere else. */
  reveal() {
    this.#place.scrollIntoView({ block: "nearest" });
    this.#place.focus({ preventScroll: true });
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
    { title: "Asked of everything", root: trace?.permissions },
    { title: phase === "connect" ? "Asked to connect" : `Asked of ${action}`, root: trace?.rule },
  ];
  const drawn = parts.flatMap(({ title, root }) => {
    return root ? [element("h4", {}, title), drawTree(root, title, showSource)] : [];
  });
  if (code === "unknown_action") {
    drawn.push(element("p", { class: "empty" }, "No rule stands for this action, so it is refused."));
  }
  return drawn;
}
