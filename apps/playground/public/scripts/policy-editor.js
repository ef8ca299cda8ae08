// @ts-check
import { PARTS, parsePolicy } from "../shared/parse-policy.js";
import { PolicyTextError, positionOf } from "../shared/tokens.js";
import { Completion } from "./completion.js";
import { announce, byId } from "./dom.js";
import { highlight } from "./highlight.js";
import { linkOf, textOfLink } from "./share.js";

/**
 * @typedef {import("./server-state.js").Refusal} Refusal
 * @typedef {import("./completion.js").Suggestion} Suggestion
 */

const HELP = "Ctrl + Space: suggestions. Ctrl + Enter: apply.";
const WORD = /[A-Za-z_$][\w$]*$/;

/** The editor of the policy. It shows the policy in force or a draft with its first error. */
export class PolicyEditor {
  #area = /** @type {HTMLTextAreaElement} */ (byId("policy-text"));
  #behind = byId("policy-behind");
  #status = byId("policy-status");
  #help = byId("policy-help");
  #apply = /** @type {HTMLButtonElement} */ (byId("policy-apply"));
  #reset = /** @type {HTMLButtonElement} */ (byId("policy-reset"));
  #completion;
  #server;
  /** @type {import("./server-state.js").KnownRule[]} */
  #known = [];
  #inForce = "";
  #version = 0;
  /** The policy of a new server. */
  #first = "";
  /** @type {Refusal | undefined} */
  #refusal;

  /** @param {import("./server-state.js").ServerState} server */
  constructor(server) {
    this.#server = server;
    this.#completion = new Completion(this.#area, byId("policy-completion"), (chosen, from) =>
      this.#insert(chosen, from),
    );
    this.#area.addEventListener("input", () => this.#edited());
    this.#area.addEventListener("keydown", (event) => this.#key(event));
    this.#area.addEventListener("blur", () => this.#completion.close());
    this.#apply.addEventListener("click", () => {
      if (this.#apply.getAttribute("aria-disabled") !== "true") this.apply();
    });
    this.#reset.addEventListener("click", () => this.write(this.#inForce));
    byId("policy-share").addEventListener("click", () => this.#share());
    server.listen(({ policy, known }) => this.#learn(policy, known));
  }

  /** @returns {string} */
  get text() {
    return this.#area.value;
  }

  /** The policy that was in force when the page was opened. */
  get first() {
    return this.#first;
  }

  /** @param {string} text */
  write(text) {
    this.#area.value = text;
    this.#edited(false);
  }

  /** Puts the draft in force. */
  async apply() {
    const text = this.#area.value;
    this.#refusal = this.#check() ?? (await this.#server.apply(text));
    this.#draw();
    if (this.#refusal === undefined) announce("The policy is in force.");
    else this.#showWrong(this.#refusal);
  }

  /**
   * @param {import("./server-state.js").Policy} policy
   * @param {import("./server-state.js").KnownRule[]} known
   */
  #learn({ text, version }, known) {
    this.#known = known;
    if (version === this.#version && text === this.#inForce) return;
    const isUntouched = this.#area.value === this.#inForce;
    this.#inForce = text;
    if (this.#version === 0) {
      this.#first = text;
      this.#version = version;
      const given = textOfLink();
      this.write(given ?? text);
      if (given !== undefined && given !== text)
        this.#say("edited", "This policy came with the link. Apply it to try it.");
      return;
    }
    this.#version = version;
    if (isUntouched) this.write(text);
    else this.#edited(false);
  }

  get #names() {
    return this.#known.map(({ name }) => name);
  }

  /** @param {boolean} [suggests] */
  #edited(suggests = true) {
    this.#refusal = this.#check();
    this.#draw();
    const { selectionStart: caret, value } = this.#area;
    if (suggests && WORD.test(value.slice(0, caret)) && !isInText(value, caret)) this.#suggest();
    else this.#completion.close();
  }

  /** @returns {Refusal | undefined} */
  #check() {
    const text = this.#area.value;
    try {
      parsePolicy(text, this.#names);
      return undefined;
    } catch (error) {
      if (!(error instanceof PolicyTextError)) throw error;
      const { message, start, end } = error;
      return { message, start, end, ...positionOf(text, start) };
    }
  }

  #draw() {
    const text = this.#area.value;
    const { start, end, message, line, column } = this.#refusal ?? {};
    const wrong = start === undefined ? undefined : { start, end: end ?? start };
    this.#behind.replaceChildren(...highlight(text, this.#names, wrong));
    this.#area.setAttribute("aria-invalid", String(message !== undefined));
    const isChanged = text !== this.#inForce;
    // The same text is refused again. After a failure of the server it may be applied.
    this.#apply.setAttribute("aria-disabled", String(!isChanged || start !== undefined));
    this.#help.textContent = start === undefined ? HELP : `Apply waits until the error in line ${line} is corrected.`;
    this.#reset.hidden = !isChanged;
    if (message !== undefined) this.#say("wrong", line ? `Line ${line}, column ${column}: ${message}` : message);
    else if (isChanged) this.#say("edited", "Changed, not in force yet.");
    else this.#say("in-force", `In force on ws, socket.io and HTTP (version ${this.#version}).`);
  }

  /**
   * @param {"in-force" | "edited" | "wrong"} state
   * @param {string} text
   */
  #say(state, text) {
    this.#status.dataset.state = state;
    if (this.#status.textContent !== text) this.#status.textContent = text;
  }

  /** @param {Refusal} refusal */
  #showWrong({ start, end }) {
    if (start === undefined) return;
    this.#area.focus();
    this.#area.setSelectionRange(start, end ?? start);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (this.#completion.takes(event)) event.preventDefault();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.apply();
    } else if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      this.#suggest();
    } else if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) this.#completion.close();
  }

  /** Opens the list of suggestions at the caret. */
  #suggest() {
    const { selectionStart: caret, value } = this.#area;
    const [word = ""] = WORD.exec(value.slice(0, caret)) ?? [];
    const fitting = this.#suggestions().filter(({ label }) => {
      return label.toLowerCase().includes(word.toLowerCase()) && label !== word;
    });
    const from = caret - word.length;
    this.#completion.open(fitting, from, this.#placeOf(from));
  }

  /** @returns {Suggestion[]} */
  #suggestions() {
    const combinators = [
      { label: "and", about: "all of them must allow" },
      { label: "or", about: "one of them must allow" },
      { label: "not", about: "must not allow" },
    ].map(({ label, about }) => ({ label, about, insert: `${label}()`, caret: 1 }));
    const rules = this.#known.map(({ name, about }) => {
      return name === "HasRole"
        ? { label: name, about, insert: 'HasRole("")', caret: 2 }
        : { label: name, about, insert: name, caret: 0 };
    });
    const parts = PARTS.map((label) => ({ label, about: "a part of the policy", insert: `${label}: `, caret: 0 }));
    return [...rules, ...combinators, ...parts];
  }

  /**
   * @param {Suggestion} suggestion
   * @param {number} from
   */
  #insert({ insert, caret }, from) {
    const end = this.#area.selectionStart;
    this.#area.setSelectionRange(from, end);
    // Only this deprecated command keeps the insertion in the undo history.
    if (!document.execCommand("insertText", false, insert)) this.#area.setRangeText(insert, from, end, "end");
    const at = from + insert.length - caret;
    this.#area.setSelectionRange(at, at);
    this.#edited(false);
  }

  /**
   * Measures the position of a character on the text behind the area, which has the same layout.
   *
   * @param {number} offset
   */
  #placeOf(offset) {
    const range = document.createRange();
    const walker = document.createTreeWalker(this.#behind, NodeFilter.SHOW_TEXT);
    let left = offset;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const { length } = /** @type {Text} */ (node);
      if (left <= length) {
        range.setStart(node, left);
        break;
      }
      left -= length;
    }
    const frame = this.#behind.getBoundingClientRect();
    const place = range.getBoundingClientRect();
    return { left: place.left - frame.left, top: place.bottom - frame.top + 2 };
  }

  async #share() {
    const link = linkOf(this.#area.value);
    history.replaceState(null, "", link);
    try {
      await navigator.clipboard.writeText(location.href);
      this.#say("edited", "The link to this policy is copied.");
    } catch {
      this.#say("edited", "The link to this policy is in the address bar.");
    }
  }
}

/**
 * True inside a string or a comment.
 *
 * @param {string} text
 * @param {number} offset
 */
function isInText(text, offset) {
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);
  return line.includes("//") || (line.split('"').length - 1) % 2 === 1;
}
