// @ts-check
// A test runner for Stryker that keeps the tests loaded: a mutant costs the tests that reach it, and no start of vitest.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { sources, testFiles } from "./parts.mjs";
import { explained, keyOf } from "./survivors.mjs";

const WORKER = fileURLToPath(new URL("worker.mjs", import.meta.url));
/** A thread is replaced after so many mutants: what they left behind is gone with it. */
const MOST_MUTANTS = 150;

/** A test that takes so much of the processor is in a loop that has no end. Seconds, for a busy machine has few of them. */
const MOST_SECONDS = 15;
/** A test that waits so long in vain is stuck. Milliseconds. */
const MOST_WAITING = 60_000;
/** So many of the tests that killed last run before the others: mutants of one file often fail the same tests. */
const MOST_KILLERS = 12;
/** The survivors that README.md explains count as survivors without a run. A survivor costs all tests that reach it. */
const KNOWN = process.env.EXPLAINED === "run" ? new Map() : explained();

/** @typedef {import("./worker.mjs").Order} Order */
/** @typedef {{ ran: import("./worker.mjs").Ran[], isOverLimit: boolean, coverage?: any }} Outcome */

/** @typedef {{ id: string, fileName: string, replacement: string, location: { start: Place, end: Place } }} Mutant */
/** @typedef {{ line: number, column: number }} Place Both count from 0. */

/** True for a mutant that README.md explains. */
function isExplained(/** @type {Mutant} */ { fileName, replacement, location: { start, end } }) {
  const file = sources.find((path) => fileName.endsWith(path)) ?? fileName;
  const location = { start: from1(start), end: from1(end) };
  return KNOWN.has(keyOf(file, readFileSync(fileName, "utf8"), { replacement, location }));
}

function from1(/** @type {Place} */ { line, column }) {
  return { line: line + 1, column: column + 1 };
}

/** Seconds of the processor that this process has used. */
function seconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** A thread with the tests loaded. */
class Thread {
  done = 0;
  /** The test that is at work. */
  at = "";
  #since = { seconds: 0, milliseconds: 0 };
  /** @type {(outcome: Outcome | "ended" | "late") => void} */
  #answer = () => undefined;

  /** @param {readonly string[]} sources @param {string} [mutant] Active from the start, for what runs once. */
  constructor(sources, mutant) {
    this.worker = new Worker(WORKER, { workerData: { sources, mutant }, stdout: true, stderr: true });
    this.worker.stdout.resume();
    this.worker.stderr.resume();
    /** @type {Promise<boolean>} */
    this.isReady = new Promise((ready) => {
      this.worker.once("message", () => {
        ready(true);
        this.worker.on("message", (said) => (typeof said === "string" ? this.#begin(said) : this.#answer(said)));
      });
      this.worker.once("error", (error) => {
        this.error = error;
      });
      this.worker.once("exit", () => {
        ready(false);
        this.#answer("ended");
      });
    });
  }

  /** @param {Order} order @returns {Promise<Outcome | "ended" | "late">} */
  async do(order) {
    if (!(await this.isReady)) return "ended";
    this.done += 1;
    this.#begin();
    return new Promise((resolve) => {
      const watch = setInterval(() => this.#isStuck && this.#answer("late"), 250);
      this.#answer = (outcome) => {
        clearInterval(watch);
        resolve(outcome);
      };
      this.worker.postMessage(order);
    });
  }

  /** The next test begins. */
  #begin(test = "") {
    this.at = test;
    this.#since = { seconds: seconds(), milliseconds: performance.now() };
  }

  get #isStuck() {
    const { seconds: used, milliseconds } = this.#since;
    return seconds() - used > MOST_SECONDS || performance.now() - milliseconds > MOST_WAITING;
  }

  end() {
    return this.worker.terminate();
  }
}

/** The file that `transpile.mjs` wrote for a source. */
function built(/** @type {string} */ file) {
  return file.replace(/\.ts$/, ".js");
}

class Runner {
  #files = testFiles().map(built);
  #sources = sources.map((file) => resolve(built(file)));
  /** @type {Thread | undefined} */
  #thread;
  /** The tests that killed mutants, the last one first. @type {string[]} */
  #killers = [];

  /** Static mutants are run in a thread of their own. */
  capabilities() {
    return { reloadEnvironment: true };
  }

  async dryRun() {
    const thread = new Thread(this.#sources);
    const outcome = await thread.do({ files: this.#files, isCounted: true });
    if (typeof outcome === "string")
      return { status: "error", errorMessage: String(thread.error ?? `${outcome}: ${thread.at}`) };
    const tests = [];
    for (const { id, milliseconds, error } of outcome.ran) {
      const fileName = resolve(id.split("#")[0]?.replace(/\.js$/, ".ts") ?? "");
      // A busy machine: what fails without a mutant is asked once more.
      const hasPassed = error === undefined || (await this.#isUnharmed(thread, [id]));
      const said = hasPassed ? { status: 0 } : { status: 1, failureMessage: error };
      tests.push({ id, name: id, fileName, timeSpentMs: milliseconds, ...said });
    }
    await thread.end();
    return { status: "complete", tests, mutantCoverage: coverageOf(outcome) };
  }

  /** @param {{ activeMutant: Mutant, testFilter?: string[], mutantActivation: string, hitLimit?: number, timeout: number }} options */
  async mutantRun({ activeMutant, testFilter, mutantActivation, hitLimit }) {
    if (isExplained(activeMutant)) return { status: "survived", nrOfTests: 0 };
    const mutant = activeMutant.id;
    const files = testFilter
      ? this.#files.filter((file) => testFilter.some((id) => id.startsWith(`${file}#`)))
      : this.#files;
    const order = { mutant, files, ...(testFilter && { only: testFilter }), ...(hitLimit && { hitLimit }) };
    const isStatic = mutantActivation === "static";
    const thread = isStatic ? new Thread(this.#sources, mutant) : await this.#warm();
    const isNew = thread.done === 0;
    const result = read(await this.#ask(thread, order));
    if (result.status === "killed") this.#remember(result.killedBy);
    if (!isStatic && (result.status === "survived" || (await this.#isUnharmed(thread, result.killedBy)))) return result;
    await this.#drop(thread);
    return isStatic || (isNew && isEndless(result)) ? result : this.#askAlone(order);
  }

  /** Runs the tests in a new thread, where no earlier mutant can have an effect. */
  async #askAlone(/** @type {Order} */ order) {
    const thread = await this.#warm();
    const result = read(await thread.do(order));
    if (isEndless(result)) await this.#drop(thread);
    return result;
  }

  /** Runs the last killers among the tests of an order first. Only a mutant that they leave alive costs the whole order. */
  async #ask(/** @type {Thread} */ thread, /** @type {Order} */ order) {
    const first = this.#killers.filter((id) => order.only?.includes(id));
    if (first.length === 0) return thread.do(order);
    const files = order.files.filter((file) => first.some((id) => id.startsWith(`${file}#`)));
    const outcome = await thread.do({ ...order, files, only: first });
    return read(outcome).status === "survived" ? thread.do(order) : outcome;
  }

  #remember(/** @type {string[]} */ [id]) {
    if (id === undefined) return;
    this.#killers = [id, ...this.#killers.filter((other) => other !== id)].slice(0, MOST_KILLERS);
  }

  /** True when the test that killed a mutant passes without it. Otherwise earlier mutants have left state behind. */
  async #isUnharmed(/** @type {Thread} */ thread, /** @type {string[]} */ [test] = []) {
    if (test === undefined) return false;
    const [file = ""] = test.split("#");
    const outcome = await thread.do({ files: [file], only: [test] });
    return (
      typeof outcome !== "string" && outcome.ran.length > 0 && outcome.ran.every(({ error }) => error === undefined)
    );
  }

  async #warm() {
    if (this.#thread && this.#thread.done >= MOST_MUTANTS) await this.#drop(this.#thread);
    this.#thread ??= new Thread(this.#sources);
    return this.#thread;
  }

  async #drop(/** @type {Thread} */ thread) {
    if (thread === this.#thread) this.#thread = undefined;
    await thread.end();
  }

  async dispose() {
    if (this.#thread) await this.#drop(this.#thread);
  }
}

/** @param {Outcome | "ended" | "late"} outcome @returns {any} */
function read(outcome) {
  if (outcome === "late") return { status: "timeout" };
  if (outcome === "ended") return { status: "killed", killedBy: [], failureMessage: "the thread ended", nrOfTests: 0 };
  if (outcome.isOverLimit) return { status: "timeout", reason: "Hit limit reached" };
  const failed = outcome.ran.find(({ error }) => error !== undefined);
  const nrOfTests = outcome.ran.length;
  if (failed === undefined) return { status: "survived", nrOfTests };
  return { status: "killed", killedBy: [failed.id], failureMessage: failed.error, nrOfTests };
}

/** True where the tests came to no end, so that no test has failed. The thread may still be in a loop. */
function isEndless(/** @type {{ status: string, killedBy?: string[] }} */ { status, killedBy = [] }) {
  return status !== "survived" && killedBy.length === 0;
}

/** Coverage outside the tests of a file counts for each of its tests. */
function coverageOf(/** @type {Outcome} */ { ran, coverage }) {
  /** @type {Record<string, Record<string, number>>} */
  const perTest = {};
  for (const { id } of ran) {
    const [file = ""] = id.split("#");
    const counts = { ...coverage.perTest[file] };
    for (const [mutant, hits] of Object.entries(coverage.perTest[id] ?? {}))
      counts[mutant] = (counts[mutant] ?? 0) + hits;
    perTest[id] = counts;
  }
  return { static: coverage.static, perTest };
}

const factory = Object.assign(() => new Runner(), { inject: [] });
export const strykerPlugins = [{ kind: "TestRunner", name: "loaded", factory }];
