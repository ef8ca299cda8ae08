// @ts-check
import { PermissionDenied } from "@portcullis/core";

/**
 * @typedef {object} Message
 * @property {number} id
 * @property {"message" | "notice"} kind
 * @property {{ id: string, name: string }} from
 * @property {string} text
 * @property {number} at
 *
 * @typedef {object} Reader
 * @property {() => import("@portcullis/core").MaybePromise<boolean>} mayRead asked again for every message
 * @property {(message: Message) => void} send
 */

const MOST_MESSAGES = 50;
const LONGEST_TEXT = 500;
/** Whoever is not signed in, where a policy lets them write. */
const NOBODY = { id: "nobody", name: "Somebody" };

/** The messages of the chat, and who reads along. */
export class Chat {
  /** @type {Message[]} */
  #messages = [];
  #lastId = 0;
  /** @type {Map<string, Reader & { queue: Promise<void> }>} */
  #readers = new Map();

  get messages() {
    return this.#messages;
  }

  /**
   * Sends every further message to a reader, as long as it may read.
   *
   * @param {string} id of the connection; it is one reader, however often it asks
   * @param {Reader} reader
   * @param {AbortSignal} signal aborted when the connection has ended
   */
  watch(id, reader, signal) {
    if (!this.#readers.has(id)) signal.addEventListener("abort", () => this.#readers.delete(id), { once: true });
    this.#readers.set(id, { ...reader, queue: Promise.resolve() });
  }

  /**
   * @param {Message["kind"]} kind
   * @param {{ id: string, name: string } | null} from
   * @param {unknown} text
   * @returns {Message}
   * @throws {PermissionDenied} When it is no text of a good length.
   */
  post(kind, from, text) {
    const { id, name } = from ?? NOBODY;
    const message = { id: ++this.#lastId, kind, from: { id, name }, text: readText(text), at: Date.now() };
    this.#messages = [...this.#messages, message].slice(-MOST_MESSAGES);
    for (const reader of this.#readers.values()) {
      // One after the other, so that messages stay in order also where the rule takes a while to answer.
      reader.queue = reader.queue.then(async () => {
        if (await reader.mayRead()) reader.send(message);
      });
    }
    return message;
  }
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function readText(value) {
  const text = typeof value === "string" ? value.trim() : "";
  if (text !== "" && text.length <= LONGEST_TEXT) return text;
  throw new PermissionDenied("invalid_input", {
    status: 400,
    reason: `Write a text of 1 to ${LONGEST_TEXT} characters.`,
  });
}
