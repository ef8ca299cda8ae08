/** Tokens that are remembered. The oldest are forgotten first. */
const MAX_SEEN = 10_000;

/** Carries out each token once, by its id, which it remembers for as long as the token is accepted. */
export class ReplayGuard {
  readonly #lifetime: number;
  /** Ids, and the time at which each may be forgotten, in the order of arrival. */
  readonly #seen = new Map<string, number>();
  /** The work under way, by its token. */
  readonly #running = new Map<string, Promise<boolean>>();

  /** @param lifetime Milliseconds for which a token is accepted. */
  constructor(lifetime: number) {
    this.#lifetime = lifetime;
  }

  /**
   * Carries out a token. A second call with it while the first is under way shares its end. Work that fails can be done
   * again.
   *
   * @returns False for a token that was carried out before, and for another one with its id.
   */
  run(id: string, token: string, work: () => Promise<void>): Promise<boolean> {
    const running = this.#running.get(token) ?? this.#begin(id, token, work);
    this.#running.set(token, running);
    return running;
  }

  async #begin(id: string, token: string, work: () => Promise<void>): Promise<boolean> {
    // Later, so that the end comes after the beginning is noted.
    await undefined;
    try {
      if (!this.#add(id)) return false;
      await work();
      return true;
    } catch (error) {
      this.#seen.delete(id);
      throw error;
    } finally {
      this.#running.delete(token);
    }
  }

  /** Adds an id. Returns false for one that was added before. */
  #add(id: string): boolean {
    const now = Date.now();
    for (const [old, until] of this.#seen) {
      if (until > now) break;
      this.#seen.delete(old);
    }
    if (this.#seen.has(id)) return false;
    // Asked after the id itself, because the oldest may be the one that comes again.
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size < MAX_SEEN) break;
      this.#seen.delete(oldest);
    }
    this.#seen.set(id, now + this.#lifetime);
    return true;
  }
}
