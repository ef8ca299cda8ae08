/** Ids that are kept, the oldest are forgotten first. A log that repeats a record does so soon after the first time. */
const MAX_IDS = 20_000;

/** The ids of the records that this process has applied. */
export class SeenIds {
  readonly #ids = new Set<string>();

  /** Adds an id. Returns false for one that was added before. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > MAX_IDS) for (const oldest of this.#ids) return this.#ids.delete(oldest);
    return true;
  }
}
