// @ts-check
import { drawsOf } from "../lib/random.mjs";
import { Client } from "./client.mjs";
import { streamKind, tableKind } from "./logs.mjs";
import { SimulatedProcess } from "./process.mjs";
import { SimulatedTime } from "./time.mjs";
import { Truth } from "./truth.mjs";

const USERS = ["ann", "bob", "eve", "joe", "kim"];
const PROCESSES = 3;

/** @typedef {ReturnType<typeof drawsOf>} Draws */

/** The choices of one run. @param {number} seed @param {Draws} draws */
function planOf(seed, draws) {
  return {
    engine: seed % 2 === 0 ? "a stream of Redis" : "a table of Postgres",
    kind: seed % 2 === 0 ? streamKind : tableKind,
    every: 2_000,
    grace: 1_000,
    concurrency: draws.oneOf([100, 100, 100, 1]),
    keep: draws.oneOf([10_000, 10_000, 6]),
    /** The share of appends that the server takes twice. */
    repeats: draws.oneOf([0, 0.3]),
    isTruthFaulty: draws.oneOf([false, false, false, false, true]),
  };
}

/** Processes, clients, a log and the truth, and what must hold. */
export class World {
  time = new SimulatedTime();
  isServerDown = false;
  /** The time since which the server of the log is there. */
  calmSince = 0;
  /** True once nothing fails any more. */
  isHealed = false;
  /** True once no client sends any more. */
  isQuiet = false;
  handed = 0;
  /** Milliseconds from a ban to the last message delivered. */
  worst = 0;
  /** @type {Set<string>} */
  violations = new Set();
  /** Revocations that are not settled. @type {Map<Promise<unknown>, SimulatedProcess>} */
  unsettled = new Map();

  /** @param {number} seed @param {(globals: Record<string, unknown>) => any} load */
  constructor(seed, load) {
    this.load = load;
    this.draws = drawsOf(seed);
    this.plan = planOf(seed, this.draws);
    this.truth = new Truth(this.time);
    this.kind = this.plan.kind(this);
    this.processes = Array.from({ length: PROCESSES }, () => new SimulatedProcess(this));
    this.clients = USERS.flatMap((user) => [new Client(this, user), new Client(this, user)]);
  }

  get users() {
    return USERS;
  }

  get isTruthFaulty() {
    return this.plan.isTruthFaulty && !this.isHealed;
  }

  /** @param {string} text */
  fail(text) {
    this.violations.add(`${text} (at ${this.time.now.toFixed(0)} ms)`);
  }

  /** A message was delivered. @param {SimulatedProcess} process @param {string} user */
  heard(process, user) {
    this.handed += 1;
    process.checks.expectPolls();
    const ban = this.truth.bans.get(user);
    if (ban === undefined) return;
    const lag = this.time.now - ban.since;
    this.worst = Math.max(this.worst, lag);
    const text = `delivered ${lag.toFixed(0)} ms after the ban of ${user}`;
    if (lag > this.plan.every) this.fail(text);
    if (ban.here.has(process)) this.fail(`${text}, by the process that has announced it`);
    if (ban.isOver(process)) this.fail(`${text}, although the log was read`);
  }

  /** @param {SimulatedProcess} process @param {"revoke" | "refresh"} effect @param {string} user */
  announce(process, effect, user) {
    const settled = process.revocations[effect](`user:${user}`).then(
      () => this.unsettled.delete(settled),
      () => this.unsettled.delete(settled),
    );
    this.unsettled.set(settled, process);
  }

  /** @param {SimulatedProcess} process @param {string} user */
  refresh(process, user) {
    if (!process.isDead && process.stalledUntil <= this.time.now) this.announce(process, "refresh", user);
  }

  /** @param {number} at */
  kill(at) {
    const process = /** @type {SimulatedProcess} */ (this.processes[at]);
    process.isDead = true;
    for (const client of this.clients) if (client.attempt?.process === process) client.lose(client.attempt);
  }

  /** @param {number} at */
  start(at) {
    if (this.processes[at]?.isDead) this.processes[at] = new SimulatedProcess(this);
  }

  serverIsBack() {
    this.isServerDown = false;
    this.calmSince = this.time.now;
  }
}
