// @ts-check

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
   * @param {{ id: string, name: string }} from
   * @param {string} text
   * @returns {Message}
   */
  post(kind, { id, name }, text) {
    const message = { id: ++this.#lastId, kind, from: { id, name }, text, at: Date.now() };
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
