// @ts-check
import { Attempt } from "./attempt.mjs";

/** Milliseconds between two messages of a client, until it comes back, and until a handshake that was allowed is open. */
const PACE = { message: [40, 250], calm: [1_000, 2_000], reconnect: [80, 300], open: [0, 150] };

/** A user on one device. It sends all the time, and comes back unless it is told not to. */
export class Client {
  /** @type {Attempt | undefined} */
  attempt;
  isLockedOut = false;
  deliveredAt = 0;

  /** @param {import("./world.mjs").World} world @param {string} user */
  constructor(world, user) {
    this.world = world;
    this.user = user;
    this.#in(PACE.reconnect, () => this.connect());
    this.#in(PACE.message, () => this.#send());
  }

  connect() {
    const process = this.world.draws.oneOf(this.world.processes);
    if (process.isDead) return this.#in(PACE.reconnect, () => this.connect());
    const attempt = new Attempt(this, process);
    this.attempt = attempt;
    this.#in([1, 10], () => void this.#knock(attempt), process);
  }

  /** @param {Attempt} attempt */
  async #knock(attempt) {
    const { process, world } = attempt;
    const evaluation = process.gate.admit(attempt.wire);
    const { decision } = await evaluation.result;
    if (attempt.isOver || process.isDead) return;
    if (decision.outcome !== "allow") {
      attempt.expectReason(`a client is not admitted: ${decision.code}`);
      return this.lose(attempt, decision.status === 403);
    }
    const [least = 0, most = 0] = PACE.open;
    if (world.draws.between(0, 1) < 0.5) await process.later(world.draws.between(least, most));
    if (attempt.isOver) return evaluation.abort();
    // From now on it is authenticated as often as something is told about it.
    attempt.isOpen = true;
    attempt.session = evaluation.open();
  }

  /** The connection is over. @param {Attempt} attempt @param {boolean} [forEver] */
  lose(attempt, forEver = false) {
    if (attempt.isOver) return;
    attempt.isOver = true;
    this.attempt = undefined;
    if (forEver) this.isLockedOut = true;
    else this.#in(PACE.reconnect, () => this.connect());
  }

  /** The client goes away without a word, and comes back. */
  leave() {
    const { attempt } = this;
    if (attempt === undefined) return;
    this.world.time.in(0, () => attempt.session?.end(), attempt.process);
    this.lose(attempt);
  }

  #send() {
    const { attempt, world } = this;
    const action = world.draws.oneOf(["say", "say", "slow"]);
    if (attempt?.session && !world.isQuiet) this.#in([1, 10], () => this.#receive(attempt, action), attempt.process);
    this.#in(world.isHealed ? PACE.calm : PACE.message, () => this.#send());
  }

  /** @param {Attempt} attempt @param {string} action */
  #receive(attempt, action) {
    if (attempt.isOver || attempt.session.isEnded) return;
    const message = { action, payload: {}, bytes: 10 };
    attempt.waiting.add(message);
    attempt.session.receive(message);
  }

  /** @param {number[]} range @param {() => void} go @param {import("./time.mjs").Owner} [owner] */
  #in([least = 0, most = 0], go, owner) {
    this.world.time.in(this.world.draws.between(least, most), go, owner);
  }
}
