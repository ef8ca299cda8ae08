// @ts-check
import { fork } from "node:child_process";
import { once } from "node:events";
import { conversationsOf, playAll } from "./play.mjs";
import { shrink } from "./shrink.mjs";

/**
 * One kind of inputs, with the server that takes them.
 *
 * @typedef {{
 *   name: string,
 *   server: "ws" | "socketio" | "bridge",
 *   isInMemory: boolean,
 *   size: number,
 *   atOnce: number,
 *   conversation(random: import("./random.mjs").Random): any,
 *   play(conversation: any, connect: (name: string) => import("./links.mjs").Link, ports: Record<string, number>): Promise<import("./play.mjs").Counters>,
 *   control(ports: Record<string, number>): Promise<void>,
 * }} Family `size`: conversations in a batch. `control` throws where a client that behaves is not served.
 *
 * @typedef {{ seed: string, flags?: readonly string[], shrinking?: number }} Setting `flags`: as for the server's process;
 *   `shrinking`: how long an example may be made smaller, in milliseconds.
 * @typedef {{ heap: number, sessions: number, sockets: number }} Measured
 * @typedef {{ kind: string, detail: string }} Found
 */

/** How long an example is made smaller where nothing else is said, in milliseconds. */
const SHRINKING = 120_000;

/** A server in a process of its own. */
class Subject {
  /** @type {string | undefined} */
  crash;
  /** @type {Record<string, number>} */
  ports = {};

  /** @param {Family} family @param {readonly string[]} flags */
  constructor(family, flags) {
    this.process = fork(new URL("child.mjs", import.meta.url), [family.name, ...flags], {
      execArgv: ["--expose-gc"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.process.on("message", (/** @type {{ crash?: string }} */ { crash }) => {
      this.crash ??= crash;
    });
    this.ended = once(this.process, "exit").then(([code, signal]) => {
      this.crash ??= `the process has ended with ${code ?? signal}`;
    });
  }

  /** @param {Family} family @param {readonly string[]} flags */
  static async start(family, flags) {
    const subject = new Subject(family, flags);
    subject.ports = await subject.#hear();
    return subject;
  }

  /** @param {object} asked @returns {Promise<any>} */
  ask(asked) {
    if (this.crash === undefined && this.process.connected) this.process.send(asked);
    return this.#hear();
  }

  /** @returns {Promise<any>} */
  async #hear() {
    const [message] = await Promise.race([
      once(this.process, "message"),
      this.ended.then(() => /** @type {any} */ ([{}])),
    ]);
    return message.answer;
  }

  stop() {
    this.process.kill("SIGKILL");
    return this.ended;
  }
}

/** Plays one batch and finds out whether all is as it must be. */
async function attempt(/** @type {Family} */ family, /** @type {Subject} */ subject, /** @type {any} */ from) {
  const given = Array.isArray(from) ? { conversations: from } : { from };
  const played = await (family.isInMemory
    ? subject.ask({ what: "play", ...given })
    : Promise.race([playAll(family, from, subject), subject.ended.then(() => undefined)]));
  /** @type {Found | undefined} */
  let found = played?.finding;
  if (found === undefined && subject.crash === undefined) found = await controlled(family, subject);
  const heard = await subject.ask({ what: "ledger" });
  if (subject.crash !== undefined) found = { kind: "crash", detail: subject.crash };
  else found = heard?.findings[0] ?? found;
  return { played, found, calls: heard?.calls ?? 0, unauthorised: heard?.unauthorised ?? 0 };
}

/** @param {Family} family @param {Subject} subject @returns {Promise<Found | undefined>} */
async function controlled(family, subject) {
  try {
    await family.control(subject.ports);
    return undefined;
  } catch (error) {
    return { kind: "not served", detail: `a client that behaves: ${error}` };
  }
}

/**
 * Plays batches of a family until there were enough, or one shows what must not be; that one is made small.
 *
 * @param {Family} family
 * @param {Setting & { inputs: number, first?: number, until?: number, onFinding?: (found: Found & { batch: number }) => void }} given
 *   `first`: the number of the first batch; `until`: a time after which no further batch is begun, in milliseconds
 *   since 1970.
 */
export async function drive(family, { inputs, first = 0, until = Number.POSITIVE_INFINITY, onFinding, ...setting }) {
  const { seed, flags = [] } = setting;
  const subject = await Subject.start(family, flags);
  const sum = { inputs: 0, calls: 0, unauthorised: 0, outcomes: /** @type {Record<string, number>} */ ({}) };
  /** @type {number[]} */
  const heaps = [];
  /** @type {(Found & { example: unknown, batch: number }) | undefined} */
  let finding;
  let batch = first;
  let due = first + 1;
  try {
    for (; sum.inputs < inputs && Date.now() < until && finding === undefined; batch++) {
      const { played, found, calls, unauthorised } = await attempt(family, subject, { seed, batch, size: family.size });
      if (played) {
        sum.inputs += played.inputs;
        for (const [name, times] of Object.entries(played.outcomes)) {
          sum.outcomes[name] = (sum.outcomes[name] ?? 0) + /** @type {number} */ (times);
        }
      }
      sum.calls += calls;
      sum.unauthorised += unauthorised;
      if (found) onFinding?.({ ...found, batch });
      if (found) finding = { ...found, batch, example: await smallest(family, { ...setting, batch }, found.kind) };
      else if (batch + 1 === due) {
        // The first batches compile what is measured.
        due = first + Math.ceil((due - first) * 1.5) + 1;
        heaps.push((await subject.ask({ what: "measure" })).heap);
      }
    }
    /** @type {Measured | undefined} */
    const after = finding ? undefined : await subject.ask({ what: "measure", isLast: true });
    if (after && (after.sessions > 0 || after.sockets > 0)) {
      finding = { kind: "left behind", detail: JSON.stringify(after), batch, example: undefined };
    }
    const covered = finding || !flags.includes("covered") ? [] : await subject.ask({ what: "coverage" });
    return { ...sum, batches: batch - first, heaps: after ? [...heaps, after.heap] : heaps, after, finding, covered };
  } finally {
    await subject.stop();
  }
}

/**
 * The smallest conversations of a batch that show the same. A process serves until it is broken.
 *
 * @param {Family} family
 * @param {Setting & { batch: number }} setting
 * @param {string} kind
 */
async function smallest(family, { seed, flags = [], shrinking = SHRINKING, batch }, kind) {
  let subject = await Subject.start(family, flags);
  const shows = async (/** @type {unknown[]} */ smaller) => {
    if (smaller.length === 0) return false;
    const { found } = await attempt(family, subject, smaller);
    if (found?.kind === "crash" || found?.kind === "not served") {
      await subject.stop();
      subject = await Subject.start(family, flags);
    }
    return found?.kind === kind;
  };
  try {
    return await shrink(conversationsOf(family, { seed, batch, size: family.size }), shows, shrinking);
  } finally {
    await subject.stop();
  }
}

/** Plays an example again. @param {Family} family @param {unknown[]} example @param {readonly string[]} [flags] */
export async function replay(family, example, flags = []) {
  const subject = await Subject.start(family, flags);
  try {
    return await attempt(family, subject, example);
  } finally {
    await subject.stop();
  }
}
