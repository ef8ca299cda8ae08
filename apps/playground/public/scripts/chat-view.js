// @ts-check
import { announce, append, clock, element } from "./dom.js";
import { bringIntoView } from "./view.js";

/**
 * @typedef {object} Message
 * @property {number} id
 * @property {"message" | "notice"} kind
 * @property {{ id: string, name: string }} from
 * @property {string} text
 * @property {number} at
 */

const MOST_ENTRIES = 100;
/** The newest announced message. Several clients receive the same message, and it is announced once. */
let lastAnnounced = 0;

/** The chat of one client, with the messages it may read and the answers to its requests. */
export class ChatView {
  #list;
  #client;
  #explain;
  /** The newest message that is shown. The history repeats older ones. */
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

  /** Scrolls to the chat, which may be out of view on a narrow page. */
  reveal() {
    bringIntoView(this.#list);
  }

  clear() {
    this.#list.replaceChildren();
    this.#newest = 0;
  }

  /**
   * @param {Message} message
   * @param {string} account of the reader
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
    // An unreadable frame reaches no rule, so there is no decision to show.
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
