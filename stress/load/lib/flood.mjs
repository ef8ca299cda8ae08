// @ts-check
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "./client.mjs";
import { textFrame } from "./frames.mjs";

/** Bytes written at once. */
const BATCH = 65_536;
/** Characters of a long name. */
const LONG = 4000;
/** How often all of them together may come back once they are shown out. */
const MOST_RETURNS = 20_000;

/**
 * @typedef {object} Flood
 * @property {number} count How many flood.
 * @property {number} seconds
 * @property {string} says An action; "unreadable" for what nobody can read, "long" for the name of an action that is
 *   not there, which the refusal repeats.
 * @property {boolean} isReading Whether they fetch what they are answered.
 * @property {number} [from] The index of the first.
 */

/** @param {import("./dialects.mjs").Dialect} dialect @param {string} says */
function textOf(dialect, says) {
  if (says === "unreadable") return dialect.noRequest;
  if (says === "long") return dialect.notice("x".repeat(LONG));
  return dialect.request(1, says, { text: "All at once!" });
}

/** A batch of one message, as often as it fits. @param {Client} client @param {string} says */
function batchOf({ dialect }, says) {
  const frame = textFrame(textOf(dialect, says));
  const count = Math.floor(BATCH / frame.length);
  return { batch: Buffer.concat(Array(count).fill(frame)), size: frame.length };
}

/** Clients that send as fast as they can, and come back when they are shown out. */
export class Flooders {
  sent = 0;
  received = 0;
  returns = 0;
  #isOver = false;
  #leave = () => {};
  /** @type {Promise<void>} */
  #left = new Promise((resolve) => {
    this.#leave = resolve;
  });
  /** @type {Set<Client>} */
  #clients = new Set();

  /**
   * @param {import("./client.mjs").Target} target
   * @param {Flood} flood
   */
  constructor(target, flood) {
    this.target = target;
    this.flood = flood;
  }

  async run() {
    const { count, seconds, from = 0 } = this.flood;
    await Promise.all(Array.from({ length: count }, (_, index) => this.#open(from + index)));
    await Promise.race([pause(seconds * 1000, undefined, { ref: false }), this.#left]);
    if (!this.#isOver) for (const client of this.#clients) this.#count(client);
    this.#isOver = true;
    return { sent: Math.round(this.sent), received: this.received, returns: this.returns };
  }

  leave() {
    this.#leave();
    for (const client of this.#clients) {
      if (!this.#isOver) this.#count(client);
      client.reset();
    }
    this.#isOver = true;
  }

  /** @param {number} index */
  async #open(index) {
    const client = new Client(this.target, { index });
    await client.settled;
    if (this.#isOver) return client.reset();
    const { bytesWritten } = client.socket;
    Object.assign(client, { bytesBefore: bytesWritten });
    this.#clients.add(client);
    if (client.isOpen) this.#start(client);
    const end = () => {
      this.#clients.delete(client);
      if (this.#isOver) return;
      this.#count(client);
      if (this.returns >= MOST_RETURNS) return;
      this.returns += 1;
      this.#open(index);
    };
    if (client.isEnded) end();
    else client.onEnd = end;
  }

  /** @param {Client} client */
  #start(client) {
    const { socket } = client;
    const { batch, size } = batchOf(client, this.flood.says);
    Object.assign(client, { size });
    client.stopReading();
    if (this.flood.isReading) {
      socket.on("data", ({ length }) => {
        this.received += length;
      });
      socket.resume();
    }
    const write = () => {
      if (this.#isOver || client.isEnded) return;
      // Not before others had their turn: what is written at once is never refused by a kernel that is quick.
      if (socket.write(batch)) setImmediate(write);
      else socket.once("drain", () => setImmediate(write));
    };
    write();
  }

  /** Messages that have left. @param {Client & { size?: number, bytesBefore?: number }} client */
  #count({ socket, size = 1, bytesBefore = 0 }) {
    this.sent += Math.max(0, socket.bytesWritten - socket.writableLength - bytesBefore) / size;
  }
}
