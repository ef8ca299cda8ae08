// @ts-check
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";

/** @typedef {Awaited<ReturnType<typeof import("../../../scripts/test-servers.mjs").startRedis>>} TestServer */

/** Milliseconds until a replica must have all entries of its primary. */
const SYNCHRONIZED = 10_000;

/** Sends one command. @param {number} port @param {[string, ...string[]]} command */
export async function ask(port, ...command) {
  const client = new Redis({ port, retryStrategy: () => null, maxRetriesPerRequest: 1 });
  client.on("error", () => undefined);
  try {
    return await client.call(...command);
  } finally {
    client.disconnect();
  }
}

/** Two servers of Redis. Clients use the primary; the other one is a replica before it takes over. */
export class RedisPair {
  #primary;
  #replica;

  /** @param {TestServer} primary @param {TestServer} replica */
  constructor(primary, replica) {
    this.#primary = primary;
    this.#replica = replica;
  }

  get port() {
    return this.#primary.port;
  }

  start() {
    return this.#primary.start();
  }

  /** @param {NodeJS.Signals} [signal] */
  kill(signal) {
    return this.#primary.kill(signal);
  }

  /** Makes the other server a replica, cuts it off for some time, and lets it take over. @param {number} milliseconds */
  async failOver(milliseconds) {
    const { port } = this.#replica;
    await ask(port, "CONFIG", "SET", "repl-diskless-sync-delay", "0");
    await ask(this.port, "CONFIG", "SET", "repl-diskless-sync-delay", "0");
    await ask(port, "REPLICAOF", "127.0.0.1", String(this.port));
    const end = performance.now() + SYNCHRONIZED;
    while (!String(await ask(port, "INFO", "replication")).includes("master_link_status:up")) {
      if (performance.now() > end) throw new Error("the replica does not get the entries of its primary");
      await sleep(20);
    }
    await ask(port, "REPLICAOF", "NO", "ONE");
    await sleep(milliseconds);
    [this.#primary, this.#replica] = [this.#replica, this.#primary];
  }

  async remove() {
    await Promise.all([this.#primary.remove(), this.#replica.remove()]);
  }
}
