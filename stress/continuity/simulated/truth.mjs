// @ts-check

/** @typedef {import("./process.mjs").SimulatedProcess} Process */

/** A user who may do nothing, and how far that has come. */
export class Ban {
  /** @type {Set<Process>} The processes that have announced it themselves. */
  here = new Set();
  /** @type {Map<Process, number>} The time from which on a process hands on nothing more, in its running time. */
  #ends = new Map();

  /** @param {number} since */
  constructor(since) {
    this.since = since;
  }

  /** @param {Process} process @param {number} milliseconds */
  endIn(process, milliseconds) {
    const end = process.running + milliseconds;
    this.#ends.set(process, Math.min(end, this.#ends.get(process) ?? end));
  }

  /** @param {Process} process */
  isOver(process) {
    return process.running > (this.#ends.get(process) ?? Number.POSITIVE_INFINITY);
  }
}

/** What the database of the application says. */
export class Truth {
  /** @type {Map<string, Ban>} by user */
  bans = new Map();
  /** @type {Map<string, Ban>} by the id of its record */
  byRecord = new Map();
  /** @type {Map<string, string>} The records of transactions that are open, by user. */
  #prepared = new Map();
  /** @type {Map<string, number>} The time until which something was done about a user. */
  #disturbed = new Map();

  /** @param {import("./time.mjs").SimulatedTime} time */
  constructor(time) {
    this.time = time;
  }

  /** @param {string} user */
  isAllowed(user) {
    return !this.bans.has(user);
  }

  /** @param {string} user */
  ban(user) {
    const ban = new Ban(this.time.now);
    this.bans.set(user, ban);
    this.disturb(user);
    const id = this.#prepared.get(user);
    if (id !== undefined) this.byRecord.set(id, ban);
    return ban;
  }

  /** @param {string} user */
  forgive(user) {
    this.bans.delete(user);
    this.disturb(user);
  }

  /** @param {string} user */
  disturb(user) {
    this.#disturbed.set(user, this.time.now);
  }

  /** True when nothing was done about a user since a time. @param {string} user @param {number} [time] */
  isCalm(user, time = 0) {
    const at = this.#disturbed.get(user);
    return !this.bans.has(user) && (at === undefined || at < time);
  }

  /** A record is written for the first time. @param {{ id: string, subject: string }} record */
  announce({ id, subject }) {
    const ban = this.bans.get(subject.slice("user:".length));
    if (ban) this.byRecord.set(id, ban);
  }

  /** A record is part of a transaction. @param {{ id: string, subject: string }} record */
  prepare({ id, subject }) {
    this.#prepared.set(subject.slice("user:".length), id);
  }

  /** @param {string} user */
  unprepare(user) {
    this.#prepared.delete(user);
  }
}
