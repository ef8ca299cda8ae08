// @ts-check

/** Milliseconds that a page has to connect again. */
const GRACE = 10_000;

/**
 * @typedef {object} Page
 * @property {Set<string>} sessions of its clients
 * @property {Set<AbortSignal>} lines connections that watch decisions, each aborted when it ends
 * @property {NodeJS.Timeout | undefined} leaving set while it has no connection
 */

/** Tracks the sessions of each page. When a page is closed or reloaded, its sessions end. */
export class Pages {
  /** @type {Map<string, Page>} */
  #byId = new Map();
  #signOut;
  #grace;

  /**
   * @param {(session: string) => void} signOut called with the id of every session of a closed page
   * @param {number} [grace] milliseconds
   */
  constructor(signOut, grace = GRACE) {
    this.#signOut = signOut;
    this.#grace = grace;
  }

  /** Number of tracked pages. */
  get size() {
    return this.#byId.size;
  }

  /**
   * @param {string} id of the page
   * @param {AbortSignal} signal aborted when its connection has ended
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
   * Forgets a page unless it connects again in time.
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
