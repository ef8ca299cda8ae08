// @ts-check
// Requests of many clients: what was sent, what came back, how long it took.

import { setTimeout as pause } from "node:timers/promises";
import { Latencies } from "./statistics.mjs";

/** The expected status of each action. @type {Record<string, number>} */
const EXPECTED = { echo: 200, later: 200, secret: 403, hang: 503, nothing: 405 };
const TICK = 1;

/**
 * @typedef {import("./client.mjs").Client} Client
 * @typedef {{ sentAt: number, action: string, isBehind: boolean }} Waiting `isBehind`: another of its client hangs.
 * @typedef {readonly (readonly [action: string, share: number])[]} Mix The shares make 1 together.
 */

/** Always the same numbers from 0 to 1, so that a run can be repeated. @param {number} seed */
export function numbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export class Traffic {
  counts = { sent: 0, answered: 0, wrong: 0, strange: 0, cut: 0, unreadable: 0, refusedUnreadable: 0 };
  /** Of requests that no hanging one was before. */
  free = new Latencies();
  /** Of those that hang themselves. */
  hanging = new Latencies();
  /** By how much the generator itself was late. */
  late = new Latencies();
  /** @type {Map<Client, Map<number, Waiting>>} */
  #waiting = new Map();
  #id = 0;
  #draw = numbers(1);

  /** @param {Mix} mix */
  constructor(mix) {
    this.mix = mix;
  }

  get unanswered() {
    let sum = 0;
    for (const waiting of this.#waiting.values()) sum += waiting.size;
    return sum;
  }

  /** @param {Client} client */
  join(client) {
    this.#waiting.set(client, new Map());
    client.onAnswer = (answer) => this.#hear(client, answer);
  }

  /** Drops the pending requests of a client that has left. @param {Client} client */
  leave(client) {
    this.counts.cut += this.#waiting.get(client)?.size ?? 0;
    this.#waiting.delete(client);
    client.onAnswer = () => {};
  }

  /** @param {Client} client */
  send(client) {
    const waiting = /** @type {Map<number, Waiting>} */ (this.#waiting.get(client));
    const action = this.#choose();
    this.counts.sent += 1;
    if (action === "unreadable") {
      this.counts.unreadable += 1;
      client.send(client.dialect.noRequest);
      return;
    }
    const isBehind = [...waiting.values()].some((one) => one.action === "hang");
    const id = this.#id++;
    waiting.set(id, { sentAt: performance.now(), action, isBehind });
    client.request(id, action);
  }

  /**
   * Sends at a constant pace, whatever is answered, then waits for what is still to come.
   *
   * @param {readonly Client[]} clients
   * @param {{ rate: number, seconds: number, patience: number }} options `rate` in requests per second, `patience`: how
   *   long to wait for the last answers, in seconds.
   */
  async run(clients, { rate, seconds, patience }) {
    const startedAt = performance.now();
    const total = Math.round(rate * seconds);
    for (let sent = 0; sent < total; ) {
      const now = performance.now();
      const due = Math.min(total, Math.floor(((now - startedAt) / 1000) * rate));
      if (due > sent) this.late.add(now - startedAt - (sent / rate) * 1000);
      for (; sent < due; sent++) {
        const client = clients[sent % clients.length];
        if (client !== undefined && !client.isEnded) this.send(client);
      }
      await pause(TICK);
    }
    const until = performance.now() + patience * 1000;
    while (this.unanswered > 0 && performance.now() < until) await pause(20);
    this.#countLate();
  }

  /** Counts unanswered requests with the time they have waited, a lower bound. */
  #countLate() {
    const now = performance.now();
    for (const waiting of this.#waiting.values()) {
      for (const { sentAt, action, isBehind } of waiting.values()) {
        if (action !== "hang" && !isBehind) this.free.add(now - sentAt);
      }
    }
  }

  result() {
    const { counts, unanswered } = this;
    const [free, hanging, late] = [this.free.summary(), this.hanging.summary(), this.late.summary()];
    return { ...counts, unanswered, free, hanging, late };
  }

  /**
   * @param {Client} client
   * @param {import("./dialects.mjs").Answer} answer
   */
  #hear(client, { id, status }) {
    if (id === -1) {
      this.counts.refusedUnreadable += 1;
      return;
    }
    const waiting = this.#waiting.get(client);
    const asked = waiting?.get(id);
    if (asked === undefined) {
      this.counts.strange += 1;
      return;
    }
    waiting?.delete(id);
    this.counts.answered += 1;
    if (status !== EXPECTED[asked.action]) this.counts.wrong += 1;
    const took = performance.now() - asked.sentAt;
    if (asked.action === "hang") this.hanging.add(took);
    else if (!asked.isBehind) this.free.add(took);
  }

  #choose() {
    let left = this.#draw();
    for (const [action, share] of this.mix) {
      left -= share;
      if (left < 0) return action;
    }
    return "echo";
  }
}
