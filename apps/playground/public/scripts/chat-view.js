// @ts-check
import { announce, append, clock, element } from "./dom.js";

/**
 * @typedef {object} Message
 * @property {number} id
 * @property {"message" | "notice"} kind
 * @property {{ id: string, name: string }} from
 * @property {string} text
 * @property {number} at
 */

const MOST_ENTRIES = 100;
/** The newest message that was said to screen readers: several clients see the same one. */
let lastAnnounced = 0;

/** The chat as one client sees it: messages it may read, and what became of its own requests. */
export class ChatView {
  #list;
  #client;
  #explain;
  /** The newest message that is shown: the history has them all again. */
  #newest = 0;

  /**
   * @param {HTMLElement} list
   * @param {number} client
   * @param {(refusal: { action: string, code: string, at: number }) => void} explain
   */
  constructor(list, client, explain) {
    this.#list = list;
    this.#client = client;
    this.#explain = explain;
  }

  /** On a small screen the chat may be somewhere else. */
  reveal() {
    this.#list.scrollIntoView({ block: "nearest" });
  }

  clear() {
    this.#list.replaceChildren();
    this.#newest = 0;
  }

  /**
   * @param {Message} message
   * @param {string} account who looks at it
   */
  showMessage({ id, kind, from, text, at }, account) {
    if (id <= this.#newest) return;
    this.#newest = id;
    if (kind === "notice") this.showNotice(text);
    else {
      const byline = element(
        "span",
        { class: "byline" },
        element("b", {}, from.name),
        " ",
        element("time", {}, clock(at)),
      );
      this.#add(
        { class: "bubble", "data-from": from.id, "data-own": from.id === account },
        byline,
        element("p", {}, text),
      );
    }
    if (id <= lastAnnounced) return;
    lastAnnounced = id;
    announce(kind === "notice" ? text : `${from.name} says: ${text}`);
  }

  /** @param {string} text */
  showNotice(text) {
    this.#add({ class: "notice" }, text);
  }

  /**
   * @param {string} action
   * @param {import("./connection.js").Reply} reply
   */
  showReply(action, { response_status: status, errors, data }) {
    if (status >= 400) this.showRefusal(action, { code: data?.code ?? "error", status, reason: errors.join(" ") });
    else this.#add({ class: "notice" }, element("code", {}, action), " ", pill("allow", status));
  }

  /**
   * @param {string} action
   * @param {{ code: string, status: number, reason: string }} refusal
   */
  showRefusal(action, { code, status, reason }) {
    const at = Date.now();
    const why = element("button", { type: "button", class: "link" }, "Why?");
    why.addEventListener("click", () => this.#explain({ action, code, at }));
    const head = element("span", { class: "refusal-head" }, pill("deny", status), element("code", {}, code));
    // No rule is asked about a frame that cannot be read: there is nothing to explain.
    const isDecided = code !== "bad_message" && code !== "missing_action";
    this.#add({ class: "refusal" }, head, element("p", {}, `${action}: ${reason} `, isDecided ? why : undefined));
    announce(`Client ${this.#client}: ${action} refused, ${status} ${code}. ${reason}`);
  }

  /**
   * @param {Record<string, string | boolean | undefined>} attributes
   * @param {...(Node | string)} children
   */
  #add(attributes, ...children) {
    append(this.#list, element("li", attributes, ...children), MOST_ENTRIES);
  }
}

/**
 * @param {"allow" | "deny"} tone
 * @param {number} status
 */
function pill(tone, status) {
  return element("span", { class: "pill", "data-tone": tone }, String(status));
}
