// @ts-check

/** Milliseconds: a page whose line broke is there again by then. */
const GRACE = 10_000;

/**
 * @typedef {object} Page
 * @property {Set<string>} sessions that its clients have begun
 * @property {Set<AbortSignal>} lines on which it hears decisions, each aborted when it has ended
 * @property {NodeJS.Timeout | undefined} leaving set while it has none
 */

/** Who was signed in by which page. When a page is closed or loaded anew, nobody stays signed in for it. */
export class Pages {
  /** @type {Map<string, Page>} */
  #byId = new Map();
  #signOut;
  #grace;

  /**
   * @param {(session: string) => void} signOut called with the id of every session of a page that is gone
   * @param {number} [grace] milliseconds
   */
  constructor(signOut, grace = GRACE) {
    this.#signOut = signOut;
    this.#grace = grace;
  }

  /** How many pages are remembered. */
  get size() {
    return this.#byId.size;
  }

  /**
   * @param {string} id of the page
   * @param {AbortSignal} signal aborted when its line has ended
   */
  watch(id, signal) {
    const page = this.#of(id);
    if (signal.aborted || page.lines.has(signal)) return;
    page.lines.add(signal);
    clearTimeout(page.leaving);
    const ended = () => {
      page.lines.delete(signal);
      this.#expect(id, page);
    };
    signal.addEventListener("abort", ended, { once: true });
  }

  /**
   * @param {string} id of the page
   * @param {string} session
   */
  signedIn(id, session) {
    const page = this.#of(id);
    page.sessions.add(session);
    this.#expect(id, page);
  }

  /**
   * @param {string} id of the page
   * @param {string} session
   */
  signedOut(id, session) {
    this.#byId.get(id)?.sessions.delete(session);
  }

  close() {
    for (const { leaving } of this.#byId.values()) clearTimeout(leaving);
    this.#byId.clear();
  }

  /** @param {string} id */
  #of(id) {
    const page = this.#byId.get(id) ?? { sessions: new Set(), lines: new Set(), leaving: undefined };
    this.#byId.set(id, page);
    return page;
  }

  /**
   * Forgets a page unless it has a line again in time.
   *
   * @param {string} id
   * @param {Page} page
   */
  #expect(id, page) {
    if (page.lines.size > 0) return;
    clearTimeout(page.leaving);
    page.leaving = setTimeout(() => {
      this.#byId.delete(id);
      for (const session of page.sessions) this.#signOut(session);
    }, this.#grace);
    page.leaving.unref();
  }
}
