// @ts-check
// Processes that a part starts, talks to and kills.

import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** @type {Set<Child>} */
const running = new Set();

/** One process with a channel for questions. */
export class Child {
  /** Standard error of the process. */
  stderr = "";
  /** The last thing it said without being asked. @type {any} */
  lastWords;
  /** By number of the question; what it says first has none. @type {Map<number, (answer: any) => void>} */
  #waiting = new Map();
  #asked = 0;
  /** How it has ended. @type {Promise<{ code: number | null, signal: NodeJS.Signals | null }>} */
  ended;

  /** @param {URL} file @param {readonly string[]} args @param {readonly string[]} execArgv */
  constructor(file, args, execArgv = []) {
    this.process = fork(fileURLToPath(file), args, {
      execArgv: [...execArgv],
      stdio: ["ignore", "inherit", "pipe", "ipc"],
    });
    running.add(this);
    this.process.stderr?.on("data", (chunk) => {
      this.stderr += chunk;
    });
    this.process.on("message", (/** @type {any} */ message) => {
      if ("lastWords" in message) this.lastWords = message.lastWords;
      else this.#answer(message.number ?? 0, message.answer);
    });
    this.ended = once(this.process, "exit").then(([code, signal]) => {
      running.delete(this);
      for (const number of this.#waiting.keys()) this.#answer(number, undefined);
      return { code, signal };
    });
  }

  get pid() {
    return this.process.pid;
  }

  /** Resolves with the first message of the process, its port. @returns {Promise<unknown>} */
  started() {
    return new Promise((resolve) => this.#waiting.set(0, resolve));
  }

  /** @param {string} ask @param {unknown} [value] @returns {Promise<any>} `undefined` where it ends before. */
  ask(ask, value) {
    this.#asked += 1;
    const number = this.#asked;
    if (!this.process.connected) return Promise.resolve(undefined);
    this.process.send({ number, ask, value }, () => {});
    return new Promise((resolve) => this.#waiting.set(number, resolve));
  }

  /** @param {number} number @param {unknown} answer */
  #answer(number, answer) {
    this.#waiting.get(number)?.(answer);
    this.#waiting.delete(number);
  }

  /** @param {NodeJS.Signals} signal */
  kill(signal = "SIGKILL") {
    this.process.kill(signal);
    return this.ended;
  }
}

/**
 * Starts a file of `lib` and waits until it listens.
 *
 * @param {string} file @param {readonly string[]} args @param {readonly string[]} [execArgv]
 */
export async function launch(file, args, execArgv) {
  const child = new Child(new URL(file, import.meta.url), args, execArgv);
  const port = await child.started();
  if (typeof port !== "number") throw new Error(`${file} has not started: ${child.stderr}`);
  return { child, port };
}

/** Ends whatever is still there. */
export async function killAll() {
  await Promise.all([...running].map((child) => child.kill("SIGKILL")));
}
