import type { RevocationRecord } from "./revocation-log.js";
import { pause } from "./within.js";

/** Milliseconds of the first wait before records are appended again, and of the longest one. */
const RETRY = { first: 250, longest: 10_000 };
/** Records that are appended at once. */
const CONCURRENCY = 10;

/**
 * Records that the log has not taken. They are appended again until it takes them. A later record about the same subject
 * takes the place of an earlier one, so a log that is away costs memory for each subject, and not for each call.
 */
export class UnwrittenRecords {
  readonly #waiting = new Map<string, RevocationRecord>();
  readonly #append: (record: RevocationRecord) => Promise<void>;
  #isAppending = false;

  constructor(append: (record: RevocationRecord) => Promise<void>) {
    this.#append = append;
  }

  add(record: RevocationRecord): void {
    const key = keyOf(record);
    // The newer one is appended last.
    this.#waiting.delete(key);
    this.#waiting.set(key, record);
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

  /** Appends the oldest records. Resolves to false when the log took none of them. */
  async #appendSome(): Promise<boolean> {
    const records = [...this.#waiting.values()].slice(0, CONCURRENCY);
    const results = await Promise.allSettled(records.map((record) => this.#append(record)));
    const taken = records.filter((_record, at) => results[at]?.status === "fulfilled");
    // A newer record about the same subject may have come meanwhile.
    for (const record of taken) if (this.#waiting.get(keyOf(record)) === record) this.#waiting.delete(keyOf(record));
    return taken.length > 0;
  }
}

function keyOf({ effect, subject, except }: RevocationRecord): string {
  return JSON.stringify([effect, subject, except]);
}
