// @ts-check
import { announce, byId, element } from "./dom.js";

/**
 * The cards of the tour, and the bar that stands in for them while they are out of view.
 *
 * @typedef {object} Card
 * @property {string} name of the step
 * @property {string} title
 * @property {HTMLElement} card
 * @property {HTMLElement} mark text for screen readers, empty until the step is done
 * @property {HTMLButtonElement} next
 * @property {HTMLButtonElement} short the button of the step in the bar
 */

export class TourCards {
  /** @type {readonly Card[]} */
  #cards;
  #bar = byId("tour-bar");
  #barNext = element("button", { type: "button", class: "next", hidden: true });
  #barOver = element(
    "p",
    { class: "over", hidden: true },
    "That was the tour. ",
    element("a", { href: "#policy" }, "Change a rule"),
  );
  #over = byId("tour-over");
  #play;

  /**
   * @param {Iterable<HTMLButtonElement>} buttons one per card, in order
   * @param {(name: string) => void} play called with the name of the step that was chosen
   */
  constructor(buttons, play) {
    this.#play = play;
    const all = [...buttons];
    this.#cards = all.map((button, index) => this.#prepare(button, index));
    this.#cards.forEach(({ card, next }, index) => {
      const following = this.#cards[index + 1];
      if (following === undefined) return;
      this.#lead(next, following);
      card.append(next);
    });
    this.#bar.append(element("ol", {}, ...this.#cards.map(({ short }) => element("li", {}, short))));
    this.#bar.append(this.#barNext, this.#barOver);
    this.#barNext.addEventListener("click", () => this.#play(this.#barNext.dataset.step ?? ""));
    new ResizeObserver(() => {
      document.documentElement.style.setProperty("--bar", `${this.#bar.offsetHeight}px`);
    }).observe(this.#bar);
    new IntersectionObserver(([entry]) => {
      this.#bar.hidden = entry?.isIntersecting !== false;
    }).observe(byId("tour"));
  }

  /**
   * True while a step is played. The buttons stay focusable, so that the pressed one keeps the focus.
   *
   * @param {boolean} isRunning
   */
  set isRunning(isRunning) {
    for (const button of document.querySelectorAll("#tour button, #tour-bar button")) {
      if (isRunning) button.setAttribute("aria-disabled", "true");
      else button.removeAttribute("aria-disabled");
    }
  }

  /** @param {string} name of the step */
  done(name) {
    const index = this.#cards.findIndex((card) => card.name === name);
    const finished = this.#cards[index];
    if (finished === undefined) return;
    for (const place of [finished.card, finished.short]) place.dataset.done = "true";
    finished.mark.textContent = " (done)";
    finished.next.hidden = false;
    if (finished.short.childElementCount === 1) finished.short.append(element("span", { class: "hidden" }, " (done)"));
    const following = this.#cards[index + 1] ?? this.#cards.find(({ card }) => card.dataset.done === undefined);
    if (following === undefined) this.#end();
    else this.#offer(following);
  }

  /** @param {Card} following the step that the bar leads to */
  #offer({ title, name }) {
    this.#barNext.hidden = false;
    this.#barNext.textContent = `Next: ${title}`;
    this.#barNext.dataset.step = name;
    this.#barOver.hidden = true;
  }

  /** Tells that all steps are done, and leads to the policy. The pressed button of the bar passes the focus on. */
  #end() {
    const isFocused = document.activeElement === this.#barNext;
    this.#barNext.hidden = true;
    for (const place of [this.#barOver, this.#over]) place.hidden = false;
    if (isFocused) this.#barOver.querySelector("a")?.focus();
    announce("That was the tour.");
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {number} index
   * @returns {Card}
   */
  #prepare(button, index) {
    const name = button.dataset.tour ?? "";
    const card = /** @type {HTMLElement} */ (button.closest("li"));
    const heading = /** @type {HTMLElement} */ (card.querySelector("h3"));
    const title = heading.textContent ?? "";
    const mark = element("span", { class: "hidden" });
    heading.append(mark);
    const label = element("span", { class: "hidden when-narrow" }, title);
    const short = element("button", { type: "button", class: "quiet" }, `${index + 1} `, label);
    for (const each of [button, short]) each.addEventListener("click", () => this.#play(name));
    const next = element("button", { type: "button", class: "secondary next", hidden: true }, "Next");
    return { name, title, card, mark, next, short };
  }

  /**
   * @param {HTMLButtonElement} next
   * @param {Card} following
   */
  #lead(next, { name, title, card }) {
    next.ariaLabel = `Next: ${title}`;
    next.addEventListener("click", () => {
      card.querySelector("button")?.focus({ preventScroll: true });
      this.#play(name);
    });
  }
}
