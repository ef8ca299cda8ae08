import { fork } from "node:child_process";
import { once } from "node:events";

/**
 * Starts a file in a process of its own, with a channel for messages.
 *
 * @param {URL} file
 * @param {readonly string[]} args
 * @param {Pick<import("node:child_process").ForkOptions, "execPath" | "execArgv" | "env">} program Default: this Node.
 */
export function start(file, args, program = {}) {
  const child = fork(file, args, { execArgv: [], ...program, stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`${file.pathname.split("/").slice(-2).join("/")} ${args.join(" ")} has ended with ${code}`);
  });
  // It ends when it is stopped; only who waits for an answer needs to hear of it.
  ended.catch(() => {});
  return {
    /** Waits for the next message. */
    async hear() {
      const [message] = await Promise.race([once(child, "message"), ended]);
      return message;
    },
    /** Says something and waits for the answer. */
    async ask(message) {
      child.send(message);
      return this.hear();
    },
    stop() {
      child.kill("SIGKILL");
    },
  };
}
