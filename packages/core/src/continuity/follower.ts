import { readClock } from "../util/clock.js";
import { ErrorPrinter } from "../util/error-printer.js";
import { show } from "../util/show.js";
import type { RevocationBatch, RevocationLog, RevocationRecord } from "./revocation-log.js";
import { pause, within } from "./within.js";

/** Milliseconds between two reads. */
const POLL = 250;
/** Milliseconds after which a read counts as failed. A later answer of it is ignored. */
const READ_TIMEOUT = 10_000;
/** Milliseconds for which records are applied in one turn of the event loop. */
const SLICE = 5;

/** Receives the records of a log. */
export interface RecordTarget {
  apply(record: RevocationRecord): void;
  /** Records may be missing. */
  applyLoss(): void;
}

/** The reading of a log, for gauges. */
export interface LogGauges {
  /** Milliseconds since the last read that succeeded; `undefined` before the first one. */
  readonly sinceRead: number | undefined;
  /** Number of reads that have failed since. */
  readonly failures: number;
  /** The error of the last failed read; `undefined` once a read succeeds. */
  readonly error: unknown;
}

/** Polls a log, and passes on its records in their order. It does not keep the process alive. */
export class Follower {
  readonly #log: RevocationLog;
  readonly #target: RecordTarget;
  readonly #printer = new ErrorPrinter();
  #position: unknown;
  #isPlaced = false;
  #isStopped = true;
  #readAt: number | undefined;
  #failures = 0;
  #error: unknown;
  /** Counts the starts. A loop that was stopped ends. */
  #turn = 0;

  constructor(log: RevocationLog, target: RecordTarget) {
    this.#log = log;
    this.#target = target;
  }

  get gauges(): LogGauges {
    const sinceRead = this.#readAt === undefined ? undefined : readClock() - this.#readAt;
    return { sinceRead, failures: this.#failures, error: this.#error };
  }

  /** Begins to read. The first read takes the end of the log as the position. A second call changes nothing. */
  start(): void {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    this.#turn += 1;
    void this.#follow(this.#turn);
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #follow(turn: number): Promise<void> {
    while (!this.#isStopped && turn === this.#turn) {
      try {
        await this.#apply(await this.#read(), turn);
        this.#readAt = readClock();
        this.#failures = 0;
        this.#error = undefined;
      } catch (error) {
        this.#fail(error);
      }
      await pause(POLL);
    }
  }

  #fail(error: unknown): void {
    this.#failures += 1;
    this.#error = error;
    this.#printer.print(
      "The log of revocations cannot be read. Until it can, revocations of other processes act at the next revalidation",
      error,
    );
  }

  async #read(): Promise<RevocationBatch> {
    const read = this.#isPlaced ? this.#log.read(this.#position) : this.#log.read();
    return within(READ_TIMEOUT, read, false);
  }

  async #apply(batch: RevocationBatch, turn: number): Promise<void> {
    if (!isBatch(batch)) {
      throw new TypeError(`read() must resolve with { records: [], position, whole: true }, not with ${show(batch)}`);
    }
    const { records, position, whole } = batch;
    // What happened before the position was known may concern connections that were admitted meanwhile.
    if (!this.#isPlaced || !whole) this.#target.applyLoss();
    let start = readClock();
    for (const entry of records) {
      const record = recordIn(entry);
      if (record) this.#target.apply(record);
      else this.#target.applyLoss();
      if (readClock() - start < SLICE) continue;
      await pause(0);
      if (this.#isStopped || turn !== this.#turn) return;
      start = readClock();
    }
    this.#position = position;
    this.#isPlaced = true;
  }
}

/** An own log may be written in JavaScript. Without `whole` it would have every connection authenticated at each read. */
function isBatch(batch: unknown): boolean {
  const { records, position, whole } = Object(batch) as Partial<RevocationBatch>;
  return Array.isArray(records) && position !== undefined && typeof whole === "boolean";
}

/** Reads an entry once. One that is no record may have been one, so it counts as missing, and the others are applied. */
function recordIn(entry: unknown): RevocationRecord | undefined {
  try {
    const { id, subject, effect, except } = Object(entry) as RevocationRecord;
    const isRecord = typeof id === "string" && typeof subject === "string";
    if (isRecord && (effect === "revoke" || effect === "refresh")) return { id, subject, effect, except } as never;
  } catch {
    // It has getters that throw.
  }
  return undefined;
}
