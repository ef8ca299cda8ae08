import type { RevocationLog, RevocationRecord } from "@portcullis/core/continuity";
import { expect } from "vitest";

/** A process that follows a log, with the records that the log owes it. */
export class Creditor<P> {
  readonly #log: RevocationLog<P>;
  readonly #owed = new Set<string>();
  readonly #read = new Set<string>();
  position: P | undefined;
  #mustTell = false;

  constructor(log: RevocationLog<P>) {
    this.#log = log;
  }

  /** A record was committed. */
  owe(id: string): void {
    if (this.position !== undefined) this.#owed.add(id);
  }

  /**
   * The server has lost records. One that no process has read leaves no trace, so it is owed no more. A process that has
   * read further than the server now knows must be told.
   */
  lose(isKept: (id: string) => boolean, isAhead: boolean): void {
    for (const id of this.#owed) if (!isKept(id)) this.#owed.delete(id);
    this.#mustTell ||= isAhead;
  }

  /** Reads. Afterwards nothing is owed: each record has come, once, or the log has said that some may be missing. */
  async read(): Promise<void> {
    const { records, position, whole } = await this.#log.read(this.position);
    for (const { id } of records) {
      expect(this.#read, "a record is read once").not.toContain(id);
      expect(this.#owed, "a record is read that was committed since").toContain(id);
      this.#read.add(id);
      this.#owed.delete(id);
    }
    if (!whole) this.#owed.clear();
    else expect(this.#mustTell, "the log tells that it has lost what was read").toBe(false);
    this.#mustTell = false;
    this.position = position;
    expect([...this.#owed]).toEqual([]);
  }
}

let count = 0;

/** Makes a record. */
export function newRecord(): RevocationRecord {
  count += 1;
  return { id: crypto.randomUUID(), subject: `user:${count}`, effect: count % 2 === 0 ? "revoke" : "refresh" };
}
