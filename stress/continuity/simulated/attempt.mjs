// @ts-check

/** Authentications of one handshake. */
const MOST_ASKED = 4;
/** Milliseconds in which a process that was stalled may refuse. */
const STALLED = 3_000;

/** @typedef {{ action: string, payload: object, bytes: number }} Message */

/** One connection of a client, from the handshake on. */
export class Attempt {
  isOver = false;
  isOpen = false;
  #asked = 0;
  /** @type {any} */
  session;
  /** @type {Set<Message>} Messages without an answer. */
  waiting = new Set();

  /** @param {import("./client.mjs").Client} client @param {import("./process.mjs").SimulatedProcess} process */
  constructor(client, process) {
    this.client = client;
    this.process = process;
    this.world = client.world;
    this.startedAt = this.world.time.now;
  }

  /** It is authenticated. */
  ask() {
    this.#asked += 1;
    if (!this.isOpen && this.#asked > MOST_ASKED) this.world.fail(`a client is asked ${this.#asked} times`);
  }

  /** True when the process, or the truth, may have kept it waiting for long. */
  get isLate() {
    const { process, world } = this;
    return world.plan.isTruthFaulty || (process.lost > 0 && world.time.now - process.stalledUntil < STALLED);
  }

  /** The guard refuses something. @param {string} text */
  expectReason(text) {
    const { world, client } = this;
    if (this.isLate || !world.truth.isCalm(client.user, this.startedAt - 100)) return;
    world.fail(`${text}, although nothing is wrong with ${client.user}`);
  }

  /** @param {Message} message */
  deliver(message) {
    this.#answer(message);
    const { process, world, client } = this;
    world.heard(process, client.user);
    client.deliveredAt = world.time.now;
  }

  /** @param {Message} message @param {{ code: string }} decision */
  sendRefusal(message, { code }) {
    this.#answer(message);
    this.expectReason(`a message is refused with ${code}`);
  }

  /** @param {Message} message */
  #answer(message) {
    if (this.session.isEnded) this.world.fail("a message is answered behind the end of its session");
    if (!this.waiting.delete(message)) this.world.fail("a message is answered twice");
  }

  /** @param {number} code @param {string} reason */
  close(code, reason) {
    const { world, client } = this;
    if (!this.isLate && world.truth.isCalm(client.user))
      world.fail(`a user is closed with ${reason}, and was never banned`);
    client.lose(this, code === 4403);
  }

  /** The transport of the connection. */
  get wire() {
    return {
      transport: "test",
      path: "/",
      url: "/",
      headers: {},
      remoteAddress: undefined,
      secure: false,
      connectedAt: 0,
      request: undefined,
      client: this,
      raw: undefined,
      abort() {},
      pause() {},
      resume() {},
      notify() {},
      reply() {},
      deliver: this.deliver.bind(this),
      sendRefusal: this.sendRefusal.bind(this),
      close: this.close.bind(this),
    };
  }
}
