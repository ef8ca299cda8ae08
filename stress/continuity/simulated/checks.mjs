// @ts-check

/** Milliseconds in which a process must have read the log again, where nothing fails. */
const POLL = 800;
/** Milliseconds in which all connections of a process are authenticated again, where the truth answers. */
const REVALIDATED = 250;

/** @typedef {{ id: string, subject: string, effect: string }} Record */

/** Notes what one process reads of the log, and until when it may deliver messages of users who are banned. */
export class ReadChecks {
  #readAt = 0;
  /** @type {any} The position of the read that is under way. */
  #position;
  /** @type {boolean | undefined} True when the server could tell all records since the position. */
  #isIntact;
  /** @type {Map<string, { subject: string, at: number }>} Records that a call has tried to append, by their ids. */
  #wanted = new Map();
  /** @type {Map<string, number>} The records that the server took, and when it took them last. */
  #taken = new Map();
  /** Counts appended and taken records. */
  #count = 0;

  /** @param {import("./process.mjs").SimulatedProcess} process */
  constructor(process) {
    this.process = process;
    this.world = process.world;
  }

  /**
   * The records that this process should have appended, and has not. One about the same subject that the server took later
   * stands for it.
   */
  get missing() {
    const wanted = [...this.#wanted];
    const isCovered = (/** @type {string} */ subject, /** @type {number} */ since) =>
      wanted.some(([id, other]) => other.subject === subject && (this.#taken.get(id) ?? 0) > since);
    return wanted.filter(([, { subject, at }]) => !isCovered(subject, at)).length;
  }

  /** A log that is watched. @param {any} log */
  watch(log) {
    return {
      append: (/** @type {Record} */ record, /** @type {{ client?: unknown }} */ options) => {
        if (options?.client === undefined) {
          // One that is appended again may be older than the ban, and has acted here.
          if (!this.#wanted.has(record.id)) this.world.truth.announce(record);
          if (!this.#wanted.has(record.id)) {
            this.#count += 1;
            this.#wanted.set(record.id, { subject: `${record.effect} ${record.subject}`, at: this.#count });
          }
        } else this.world.truth.prepare(record);
        return log.append(record, options);
      },
      read: async (/** @type {unknown} */ position) => {
        this.#position = position;
        this.#isIntact = undefined;
        const batch = await log.read(position);
        this.#note(batch.records);
        return batch;
      },
    };
  }

  /** The server has taken a record. @template T @param {string} text @param {T} made */
  appended(text, made) {
    this.#count += 1;
    for (const id of this.#wanted.keys()) if (text.includes(id)) this.#taken.set(id, this.#count);
    return made;
  }

  /** The server answers a read. @template T @param {T} made */
  served(made) {
    const position = this.#position;
    this.#isIntact ??= position !== undefined && this.world.kind.server.has(position);
    return made;
  }

  /** A read has succeeded. @param {Record[]} records */
  #note(records) {
    const { process, world } = this;
    this.#readAt = world.time.now;
    for (const { id } of records) world.truth.byRecord.get(id)?.endIn(process, 0);
    if (this.#isIntact) return;
    if (world.isTruthFaulty || world.plan.concurrency < 10) return;
    // Nobody knows what came between, so the truth is read again.
    for (const ban of world.truth.bans.values()) ban.endIn(process, REVALIDATED);
  }

  /** Expects that the log is read all the time, where it can be. */
  expectPolls() {
    const { process, world } = this;
    const since = Math.max(process.calmSince, this.#readAt, world.calmSince);
    if (!process.link.isOpen || world.isServerDown || world.time.now - since < POLL) return;
    world.fail("the log is not read, although it could be");
  }
}
