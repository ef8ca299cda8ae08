// @ts-check
import { fork } from "node:child_process";
import { once } from "node:events";

/** A process that answers one call at a time. */
export class Child {
  /** @type {import("node:child_process").ChildProcess} */
  #child;
  /** The first message of the process. */
  hello;

  /** @param {import("node:child_process").ChildProcess} child @param {unknown} hello */
  constructor(child, hello) {
    this.#child = child;
    this.hello = hello;
  }

  /** @param {URL} program @param {string[]} args @param {string[]} [execArgv] */
  static async start(program, args, execArgv = []) {
    const child = fork(program, args, { execArgv, stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const [{ answer }] = await once(child, "message");
    return new Child(child, answer);
  }

  /** @param {string} call @param {object} [parameters] @returns {Promise<any>} */
  async call(call, parameters = {}) {
    const answered = once(this.#child, "message");
    this.#child.send({ call, ...parameters });
    const [{ answer }] = await answered;
    return answer;
  }

  end() {
    this.#child.kill("SIGKILL");
  }
}
