import type { RevocationLog, RevocationRecord } from "@portcullis/core/continuity";
import { expect } from "vitest";

/** Milliseconds that a log may take to answer again after its server was started. */
const RESTART_TIMEOUT = 10_000;

/** A process that follows a log. */
export class FollowingProcess {
  readonly log: RevocationLog;
  /** The ids of the records that were read, in the order of the first time. */
  readonly ids = new Set<string>();
  /** The number of reads that could not say what came between. */
  gaps = 0;
  #position: unknown;

  constructor(log: RevocationLog) {
    this.log = log;
  }

  /** Takes the end of the log as the position. */
  async start(): Promise<this> {
    const { records, position } = await this.log.read();
    expect(records).toEqual([]);
    this.#position = position;
    return this;
  }

  /** Reads once, and gives the records. */
  async read(): Promise<readonly RevocationRecord[]> {
    const { records, position, whole } = await this.log.read(this.#position);
    this.#position = position;
    if (!whole) this.gaps += 1;
    for (const { id } of records) this.ids.add(id);
    return records;
  }

  /** Reads again after a failure, as a process does at its next poll. */
  async readAgain(): Promise<readonly RevocationRecord[]> {
    const end = performance.now() + RESTART_TIMEOUT;
    for (;;) {
      try {
        return await this.read();
      } catch (error) {
        if (performance.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** Reads until a read gives nothing new. */
  async readAll(): Promise<void> {
    for (let known = -1; known < this.ids.size; ) {
      known = this.ids.size;
      await this.read();
    }
  }
}

/** Makes a record. */
export function recordOf(subject: string, rest: Partial<RevocationRecord> = {}): RevocationRecord {
  return { id: crypto.randomUUID(), subject, effect: "revoke", ...rest };
}
