import { misuse } from "../decision/errors.js";
import { isDevelopment } from "../guard/setup-hints.js";
import { printLine } from "../util/print-line.js";
import type { AppendOptions, RevocationBatch, RevocationLog, RevocationRecord } from "./revocation-log.js";
import { Revocations } from "./revocations.js";

/** Records that the log keeps. */
const MAX_RECORDS = 10_000;

/** A log in the memory of one process. */
export class MemoryLog implements RevocationLog<number> {
  #records: RevocationRecord[] = [];
  /** The number of records that were trimmed. */
  #trimmed = 0;

  async append(record: RevocationRecord, { client }: AppendOptions = {}): Promise<void> {
    if (client !== undefined) {
      throw misuse("memoryRevocations()", client, "revoke without it, after the transaction", "`client`");
    }
    this.#records.push(record);
    if (this.#records.length <= 2 * MAX_RECORDS) return;
    this.#trimmed += this.#records.length - MAX_RECORDS;
    this.#records = this.#records.slice(-MAX_RECORDS);
  }

  async read(position?: number): Promise<RevocationBatch<number>> {
    const end = this.#trimmed + this.#records.length;
    const from = position ?? end;
    return {
      records: this.#records.slice(Math.max(0, from - this.#trimmed)),
      position: end,
      whole: from >= this.#trimmed && from <= end,
    };
  }
}

/**
 * Revocations for a server of one process.
 *
 * @example
 * ```ts
 * import { memoryRevocations } from "@portcullis/core/continuity";
 * const revocations = memoryRevocations();
 * await revocations.revoke("user:42");
 * ```
 */
export function memoryRevocations(): Revocations {
  let isTold = !isDevelopment();
  return new Revocations(new MemoryLog(), () => {
    if (isTold) return;
    isTold = true;
    printLine(
      "warn",
      "portcullis: a revocation reached no guard: give this `memoryRevocations()` to `continuity({ revocations })` of a guard. This is printed once.",
    );
  });
}
