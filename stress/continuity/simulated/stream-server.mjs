// @ts-check

/** @typedef {{ id: string, text: string }} Entry */

/** Milliseconds of one tick of its clock. A coarse clock makes equal ids likely after a failover. */
const TICK = 1_000;

/** A simulated server of Redis with one stream. */
export class StreamServer {
  /** @type {Entry[]} */
  #entries = [];
  /** The last id that was given. */
  #last = { time: 0, number: 0 };
  /** Milliseconds by which its clock is ahead. */
  #shift = 0;

  /** @param {import("./time.mjs").SimulatedTime} time @param {number} keep */
  constructor(time, keep) {
    this.time = time;
    this.keep = keep;
  }

  /** @param {string} text */
  add(text) {
    const time = Math.floor((1e6 + this.time.now + this.#shift) / TICK) * TICK;
    const { time: last, number } = this.#last;
    this.#last = time > last ? { time, number: 0 } : { time: last, number: number + 1 };
    const id = `${this.#last.time}`.padStart(12, "0") + `-${this.#last.number}`.padStart(6, "0");
    this.#entries.push({ id, text });
    if (this.#entries.length > this.keep) this.#entries.shift();
    return id;
  }

  /** @param {string} id @param {number} most */
  from(id, most) {
    return this.#entries.filter((entry) => entry.id >= id).slice(0, most);
  }

  last() {
    return this.#entries.at(-1);
  }

  /** True while the server still has an entry. @param {Entry} position */
  has({ id, text }) {
    return this.#entries.some((entry) => entry.id === id && entry.text === text);
  }

  wipe() {
    this.#entries = [];
    this.#last = { time: 0, number: 0 };
  }

  /** What a replica has that is cut off now. Returns what lets it take over. */
  cutOff() {
    const [entries, last] = [[...this.#entries], this.#last];
    return (/** @type {number} */ shift) => {
      this.#entries = entries;
      this.#last = last;
      this.#shift = shift;
    };
  }

  restart() {}
}
