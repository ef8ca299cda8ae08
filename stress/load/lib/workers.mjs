// @ts-check
// The processes of a part: servers, and generators of load. All end with the part.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { start } from "../../../bench/lib/processes.mjs";

/**
 * @typedef {import("../servers/server.mjs").Setup} Setup
 * @typedef {{ ask(message: object): Promise<any>, stop(): void }} Process
 * @typedef {Process & { targets: import("./client.mjs").Target[], rss(): number }} ServerProcess
 */

const SERVER = new URL("../server.mjs", import.meta.url);
const GENERATOR = new URL("../generator.mjs", import.meta.url);
/** WebAssembly needs a compiler. What was parsed once stays, or the heap would shrink when it is let go. */
const UNCOMPILED = ["--jitless", "--no-expose-wasm", "--no-flush-bytecode"];
/** Files that a process needs beside its sockets. */
const OTHER_FILES = 400;

export class Workers {
  /** @type {Process[]} */
  #processes = [];

  /** Servers, all in one process. @param {Setup[]} setups @returns {Promise<ServerProcess>} */
  serve(...setups) {
    return this.#serve(setups, []);
  }

  /** The same in a process whose code is interpreted only. @param {Setup[]} setups @returns {Promise<ServerProcess>} */
  serveUncompiled(...setups) {
    return this.#serve(setups, UNCOMPILED);
  }

  /** @param {Setup[]} setups @param {readonly string[]} flags @returns {Promise<ServerProcess>} */
  async #serve(setups, flags) {
    const started = this.#start(SERVER, [JSON.stringify(setups)], flags);
    const { pid, ports } = await started.hear();
    const targets = setups.map(({ transport }, index) => ({ port: ports[index], transport }));
    return Object.assign(started, { targets, rss: () => rssOf(pid) });
  }

  /** @returns {Promise<Process>} */
  async generator() {
    const started = this.#start(GENERATOR);
    await started.hear();
    return started;
  }

  /** @param {URL} file @param {readonly string[]} [args] @param {readonly string[]} [flags] */
  #start(file, args = [], flags = []) {
    const started = start(file, args, ["--expose-gc", ...flags]);
    this.#processes.push(started);
    return started;
  }

  stop() {
    for (const one of this.#processes.splice(0)) one.stop();
  }
}

/**
 * The memory of a process, also of one that is too busy to say so itself; 0 where the system does not tell.
 *
 * @param {number} pid
 */
function rssOf(pid) {
  try {
    const [kilobytes = 0] = readFileSync(`/proc/${pid}/status`, "utf8").match(/(?<=VmRSS:\s+)\d+/) ?? [];
    return Number(kilobytes) * 1024;
  } catch {
    return 0;
  }
}

/** Number of sockets that one process may open. */
export function mostSockets() {
  const limit = execFileSync("sh", ["-c", "ulimit -n"]).toString().trim();
  return limit === "unlimited" ? 1_000_000 : Number(limit) - OTHER_FILES;
}
