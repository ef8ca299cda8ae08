// @ts-check

/** Milliseconds in which a process must have read the log again, where nothing fails. */
const POLL = 800;
/** Milliseconds in which all connections of a process are authenticated again, where the truth answers. */
const REVALIDATED = 250;

/** @typedef {{ id: string, subject: string }} Record */

/** Notes what one process reads of the log, and until when it may hand on messages of users who are banned. */
export class ReadChecks {
  #readAt = 0;
  /** @type {any} The position of the read that is under way. */
  #position;
  /** @type {boolean | undefined} True when the server could tell all records since the position. */
  #isIntact;
  /** @type {Set<string>} Records that a call has tried to append, and those that the server took. */
  #wanted = new Set();
  /** @type {Set<string>} */
  #taken = new Set();

  /** @param {import("./process.mjs").SimulatedProcess} process */
  constructor(process) {
    this.process = process;
    this.world = process.world;
  }

  /** The records that this process should have appended, and has not. */
  get missing() {
    return [...this.#wanted].filter((id) => !this.#taken.has(id)).length;
  }

  /** A log that is watched. @param {any} log */
  watch(log) {
    return {
      append: (/** @type {Record} */ record, /** @type {{ client?: unknown }} */ options) => {
        if (options?.client === undefined) {
          // One that is appended again may be older than the ban, and has acted here.
          if (!this.#wanted.has(record.id)) this.world.truth.announce(record);
          this.#wanted.add(record.id);
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
    for (const id of this.#wanted) if (text.includes(id)) this.#taken.add(id);
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
