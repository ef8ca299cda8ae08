import type { RevocationRecord } from "./revocation-log.js";
import { pause } from "./within.js";

/** Milliseconds of the first wait before records are appended again, and of the longest one. */
const RETRY = { first: 250, longest: 10_000 };
/** Records that are appended at once. */
const CONCURRENCY = 10;

/**
 * Records that the log has not taken. They are appended again until it takes them. Of several about the same subject one
 * is enough, because it is appended after all of the calls. So a log that is away costs memory for each subject, and not
 * for each call.
 */
export class UnwrittenRecords {
  readonly #waiting = new Map<string, RevocationRecord>();
  readonly #append: (record: RevocationRecord) => Promise<void>;
  #isAppending = false;

  constructor(append: (record: RevocationRecord) => Promise<void>) {
    this.#append = append;
  }

  add(record: RevocationRecord): void {
    this.#waiting.delete(keyOf(record));
    this.#waiting.set(keyOf(record), record);
    if (!this.#isAppending) void this.#appendAll();
  }

  /** The wait keeps the process alive, so that the end of a script loses no revocation. */
  async #appendAll(): Promise<void> {
    this.#isAppending = true;
    let wait = RETRY.first;
    while (this.#waiting.size > 0) {
      await pause(wait, true);
      wait = (await this.#appendSome()) ? 0 : Math.min(Math.max(2 * wait, RETRY.first), RETRY.longest);
    }
    this.#isAppending = false;
  }

  /** Appends some records. Resolves to false when the log took none of them. */
  async #appendSome(): Promise<boolean> {
    const records = [...this.#waiting.values()].slice(0, CONCURRENCY);
    const taken = await Promise.all(records.map((record) => isTaken(this.#append(record))));
    for (const [at, record] of records.entries()) {
      const key = keyOf(record);
      // Another record about the same subject may have come meanwhile.
      if (this.#waiting.get(key) !== record) continue;
      this.#waiting.delete(key);
      // INVARIANT: one that the log refuses goes to the end, so that it holds up no others.
      if (taken[at] === false) this.#waiting.set(key, record);
    }
    return taken.includes(true);
  }
}

function isTaken(append: Promise<void>): Promise<boolean> {
  return append.then(
    () => true,
    () => false,
  );
}

function keyOf({ effect, subject, except }: RevocationRecord): string {
  return JSON.stringify([effect, subject, except]);
}
