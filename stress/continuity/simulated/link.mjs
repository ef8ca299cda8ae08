// @ts-check

/** @typedef {"open" | "mute" | "deaf"} Mode open; without the answers of the server; without anything */

/** Milliseconds that a message takes on its way to the server of the log, and back. */
const WAY = { least: 1, most: 15 };

/** The way between one process and the server of the log. */
export class Link {
  /** @type {Mode} */
  #mode = "open";
  /** @type {Set<() => void>} Ends the calls that have lost something. */
  #lost = new Set();

  /** @param {import("./world.mjs").World} world @param {import("./process.mjs").SimulatedProcess} owner */
  constructor(world, owner) {
    this.world = world;
    this.owner = owner;
  }

  get isOpen() {
    return this.#mode === "open";
  }

  /** Calls that have lost something fail once the network is back. @param {Mode} mode */
  set(mode) {
    this.#mode = mode;
    if (mode !== "open") return;
    this.owner.calmSince = Math.max(this.owner.calmSince, this.world.time.now);
    for (const fail of this.#lost) fail();
    this.#lost.clear();
  }

  /**
   * Calls the server.
   *
   * @template T @param {() => T} run on the server @param {{ mayRepeat?: boolean }} [options] @returns {Promise<T>}
   */
  call(run, { mayRepeat = false } = {}) {
    const { time, draws, plan } = this.world;
    return new Promise((resolve, reject) => {
      const way = () => draws.between(WAY.least, WAY.most);
      const answer = (/** @type {() => void} */ go) => time.in(way(), go, this.owner);
      const lose = () => this.#lost.add(() => answer(() => reject(new Error("the connection was closed"))));
      const serve = () => {
        const made = run();
        // A client library sends a command again when it has lost the answer.
        if (mayRepeat && draws.between(0, 1) < plan.repeats) run();
        if (this.isOpen) answer(() => resolve(made));
        else lose();
      };
      const arrive = () => {
        if (this.#mode === "deaf") lose();
        else if (this.world.isServerDown) answer(() => reject(new Error("the server is down")));
        else serve();
      };
      if (this.#mode === "deaf") lose();
      else time.in(way(), arrive);
    });
  }
}
