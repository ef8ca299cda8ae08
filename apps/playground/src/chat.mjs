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
 * @property {() => void} left called when the reader may not read any more, and gets nothing from now on
 */

const MOST_MESSAGES = 50;
const LONGEST_TEXT = 500;
/** The author of messages without a signed-in user, if a policy allows them. */
const NOBODY = { id: "nobody", name: "Somebody" };

/** The messages of the chat and its readers. */
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
   * Sends every further message that the reader may read.
   *
   * @param {string} id of the connection, which is one reader also after several calls
   * @param {Reader} reader
   * @param {AbortSignal} signal aborted when the connection has ended
   */
  watch(id, reader, signal) {
    if (!this.#readers.has(id)) signal.addEventListener("abort", () => this.#readers.delete(id), { once: true });
    this.#readers.set(id, { ...reader, queue: Promise.resolve() });
  }

  /**
   * Removes a reader who may not read any more, before the next message.
   *
   * @param {string} id of the connection
   */
  async recheck(id) {
    const reader = this.#readers.get(id);
    if (reader === undefined || (await reader.mayRead()) || this.#readers.get(id) !== reader) return;
    this.#readers.delete(id);
    reader.left();
  }

  /**
   * @param {Message["kind"]} kind
   * @param {{ id: string, name: string } | null} from
   * @param {unknown} text
   * @returns {Message}
   * @throws {PermissionDenied} When the text is empty, too long or no string.
   */
  post(kind, from, text) {
    const { id, name } = from ?? NOBODY;
    const message = { id: ++this.#lastId, kind, from: { id, name }, text: readText(text), at: Date.now() };
    this.#messages = [...this.#messages, message].slice(-MOST_MESSAGES);
    for (const reader of this.#readers.values()) {
      // One message at a time, so that a slow rule does not change their order.
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
