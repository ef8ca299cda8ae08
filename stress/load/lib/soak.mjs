// @ts-check
// Many hours in a short time: traffic of all kinds, and clients that come and go in every way there is.

import { setTimeout as pause } from "node:timers/promises";
import { Client, closeAll } from "./client.mjs";
import { Latencies } from "./statistics.mjs";
import { numbers, Traffic } from "./traffic.mjs";

/** @type {import("./traffic.mjs").Mix} */
const MIX = [
  ["echo", 0.66],
  ["later", 0.12],
  ["secret", 0.12],
  ["nothing", 0.05],
  ["unreadable", 0.03],
  ["hang", 0.02],
];
const TICK = 10;
/** How long the last answers may take, in seconds. */
const PATIENCE = 10;
/** The number of requests whose answers nobody waits for. */
const UNHEARD = 2 ** 40;

/** How a client leaves. @type {((client: Client) => void)[]} */
const LEAVINGS = [
  (client) => client.close(),
  (client) => client.reset(),
  (client) => void client.socket.end(),
  // In the middle of what it wants.
  (client) => {
    client.request(UNHEARD, "later");
    client.request(UNHEARD, "later");
    client.reset();
  },
  (client) => {
    client.request(UNHEARD, "hang");
    client.request(UNHEARD, "echo");
    client.close();
  },
];

export class Soak {
  counts = { opened: 0, left: 0, shownOut: 0, refused: 0, failed: 0 };
  /** How long it takes to come in. */
  opening = new Latencies();
  /** Number of clients that are connecting. */
  #opening = 0;
  #isOver = false;
  #traffic = new Traffic(MIX);
  /** @type {Client[]} */
  #clients = [];
  #draw = numbers(7);
  #index = 0;
  /** @type {Promise<void>} */
  #running = Promise.resolve();
  /** Those that have not gone yet. @type {Set<Client>} */
  #leaving = new Set();

  /**
   * @param {readonly import("./client.mjs").Target[]} targets
   * @param {{ connections: number, rate: number, churn: number }} options `connections` for each target; requests and
   *   leavings per second.
   */
  constructor(targets, options) {
    this.targets = targets;
    this.options = options;
  }

  async begin() {
    const { connections } = this.options;
    for (const target of this.targets) for (let i = 0; i < connections; i++) await this.#open(target);
    this.#running = this.#run();
  }

  result() {
    const { counts, opening } = this;
    return {
      ...counts,
      ...this.#traffic.result(),
      open: this.#clients.length,
      opening: this.#opening,
      tookToOpen: opening.summary(),
    };
  }

  /** Stops, waits for what is still to come, and closes all. */
  async end() {
    this.#isOver = true;
    await this.#running;
    const until = performance.now() + PATIENCE * 1000;
    while (this.#traffic.unanswered + this.#opening > 0 && performance.now() < until) await pause(20);
    const result = this.result();
    await closeAll([...this.#clients, ...this.#leaving]);
    return result;
  }

  async #run() {
    const startedAt = performance.now();
    let sent = 0;
    let left = 0;
    while (!this.#isOver) {
      const seconds = (performance.now() - startedAt) / 1000;
      // After a standstill not all at once.
      for (let most = 200; sent < seconds * this.options.rate && most > 0; most--, sent++) this.#say();
      for (let most = 20; left < seconds * this.options.churn && most > 0; most--, left++) this.#churn();
      await pause(TICK);
    }
  }

  #say() {
    const client = this.#clients[Math.floor(this.#draw() * this.#clients.length)];
    if (client !== undefined && !client.isEnded) this.#traffic.send(client);
  }

  /** One leaves, another comes; now and then somebody knocks who is not let in. */
  #churn() {
    const [client] = this.#clients.splice(Math.floor(this.#draw() * this.#clients.length), 1);
    if (client !== undefined && !client.isEnded) {
      this.counts.left += 1;
      this.#traffic.leave(client);
      client.onEnd = () => this.#leaving.delete(client);
      this.#leaving.add(client);
      LEAVINGS[Math.floor(this.#draw() * LEAVINGS.length)](client);
      this.#open(client.target);
    }
    if (this.#draw() < 0.2) this.#knock();
  }

  /** @param {import("./client.mjs").Target} target */
  async #open(target) {
    const startedAt = performance.now();
    this.#opening += 1;
    const client = new Client(target, { index: this.#index++ });
    await client.settled;
    this.#opening -= 1;
    if (!client.isOpen) {
      this.counts.failed += 1;
      return;
    }
    this.counts.opened += 1;
    this.opening.add(performance.now() - startedAt);
    if (client.isEnded) return this.#gone(client);
    this.#traffic.join(client);
    this.#clients.push(client);
    client.onEnd = () => this.#gone(client);
  }

  /** The server has shown it out: it comes back. @param {Client} client */
  #gone(client) {
    this.counts.shownOut += 1;
    this.#traffic.leave(client);
    const at = this.#clients.indexOf(client);
    if (at >= 0) this.#clients.splice(at, 1);
    if (!this.#isOver) this.#open(client.target);
  }

  async #knock() {
    const target = this.targets[Math.floor(this.#draw() * this.targets.length)];
    const client = new Client(target, { index: this.#index++, user: "stranger" });
    await client.settled;
    if (client.isOpen) throw new Error("a stranger was let in");
    this.counts.refused += 1;
  }
}
