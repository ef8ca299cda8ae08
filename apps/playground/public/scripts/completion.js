// @ts-check
import { announce, element } from "./dom.js";

/**
 * @typedef {object} Suggestion
 * @property {string} label
 * @property {string} about
 * @property {string} insert
 * @property {number} caret its position after the insertion, in characters from the end
 */

/** A list of suggestions at the caret of a text area, with the roles of a combobox. */
export class Completion {
  #area;
  #list;
  /** @type {Suggestion[]} */
  #suggestions = [];
  #chosen = 0;
  #from = 0;
  #insert;

  /**
   * @param {HTMLTextAreaElement} area
   * @param {HTMLElement} list
   * @param {(suggestion: Suggestion, from: number) => void} insert
   */
  constructor(area, list, insert) {
    this.#area = area;
    this.#list = list;
    this.#insert = insert;
    list.setAttribute("role", "listbox");
    list.ariaLabel = "What may be written here";
    area.setAttribute("aria-controls", list.id);
    area.setAttribute("aria-autocomplete", "list");
    // The caret moves, and the suggestions do not fit its new position.
    area.addEventListener("pointerdown", () => this.close());
    list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const item = /** @type {HTMLElement} */ (event.target).closest("li");
      if (item) this.#accept([...list.children].indexOf(item));
    });
  }

  get isOpen() {
    return !this.#list.hidden;
  }

  /**
   * @param {Suggestion[]} suggestions
   * @param {number} from offset of the word that one of them would replace
   * @param {{ left: number, top: number }} place
   */
  open(suggestions, from, { left, top }) {
    if (suggestions.length === 0) return this.close();
    this.#suggestions = suggestions;
    this.#from = from;
    this.#list.replaceChildren(
      ...suggestions.map(({ label, about }, index) =>
        element(
          "li",
          { role: "option", id: `${this.#list.id}-${index}` },
          element("code", {}, label),
          element("span", {}, about),
        ),
      ),
    );
    // Once, and not with every letter: which of them is chosen is said by the area itself.
    if (!this.isOpen) announce(`Suggestions: ${suggestions.length}. Arrow keys choose, Enter inserts, Escape closes.`);
    this.#list.hidden = false;
    const room = (this.#list.offsetParent?.clientWidth ?? 0) - this.#list.offsetWidth;
    this.#list.style.setProperty("left", `${Math.max(0, Math.min(left, room))}px`);
    this.#list.style.setProperty("top", `${top}px`);
    this.#choose(0);
  }

  close() {
    this.#list.hidden = true;
    this.#area.removeAttribute("aria-activedescendant");
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} true when the list has handled it
   */
  takes({ key, ctrlKey, metaKey, altKey, shiftKey, isComposing }) {
    if (!this.isOpen || isComposing) return false;
    if (ctrlKey || metaKey || altKey || shiftKey) {
      // A way out of the text, or a command: neither is for the list.
      if (key === "Tab" || key === "Enter") this.close();
      return false;
    }
    const count = this.#suggestions.length;
    if (key === "ArrowDown") this.#choose((this.#chosen + 1) % count);
    else if (key === "ArrowUp") this.#choose((this.#chosen + count - 1) % count);
    else if (key === "Enter" || key === "Tab") this.#accept(this.#chosen);
    else if (key === "Escape") this.close();
    else return false;
    return true;
  }

  /** @param {number} index */
  #choose(index) {
    this.#chosen = index;
    [...this.#list.children].forEach((item, at) => {
      item.setAttribute("aria-selected", String(at === index));
      if (at !== index) return;
      this.#area.setAttribute("aria-activedescendant", item.id);
      item.scrollIntoView({ block: "nearest" });
    });
  }

  /** @param {number} index */
  #accept(index) {
    const suggestion = this.#suggestions[index];
    this.close();
    if (!suggestion) return;
    this.#insert(suggestion, this.#from);
    announce(`${suggestion.label} inserted.`);
  }
}
