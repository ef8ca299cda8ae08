/** Tokens that are remembered. The oldest are forgotten first. */
const MAX_SEEN = 10_000;

/** Remembers the ids of tokens for as long as the tokens are accepted. */
export class ReplayGuard {
  readonly #lifetime: number;
  /** Ids, and the time at which each may be forgotten, in the order of arrival. */
  readonly #seen = new Map<string, number>();

  /** @param lifetime Milliseconds for which a token is accepted. */
  constructor(lifetime: number) {
    this.#lifetime = lifetime;
  }

  /** Adds an id. Returns false for one that was added before. */
  add(id: string): boolean {
    const now = Date.now();
    for (const [old, until] of this.#seen) {
      if (until > now && this.#seen.size < MAX_SEEN) break;
      this.#seen.delete(old);
    }
    if (this.#seen.has(id)) return false;
    this.#seen.set(id, now + this.#lifetime);
    return true;
  }

  /** Forgets an id, whose token was not carried out. */
  forget(id: string): void {
    this.#seen.delete(id);
  }
}
