// @ts-check
import { ReadChecks } from "./checks.mjs";
import { Link } from "./link.mjs";

/** Milliseconds that the rule of a slow message takes at most, and each half of an authentication. */
const LONGEST = { rule: 80, half: 30 };

/** @typedef {import("./attempt.mjs").Attempt} Attempt */

/** One guarded process, with its own copy of the product, its own clocks, and its own way to the log. */
export class SimulatedProcess {
  isDead = false;
  stalledUntil = 0;
  /** Milliseconds for which it was stalled. */
  lost = 0;
  /** The time since which nothing of it, of its way to the log and of the log has failed. */
  calmSince;

  /** @param {import("./world.mjs").World} world */
  constructor(world) {
    this.world = world;
    this.calmSince = world.time.now;
    this.product = world.load(this.#globals());
    this.link = new Link(world, this);
    this.checks = new ReadChecks(this);
    this.log = world.kind.open(/** @type {any} */ (this));
    this.revocations = new this.product.Revocations(this.checks.watch(this.log));
    this.gate = new this.product.Gate("guard()", this.#policy(), this.#options());
  }

  /** The time for which it was not stalled. */
  get running() {
    return this.world.time.now - this.lost;
  }

  /** @param {number} milliseconds */
  stall(milliseconds) {
    const { now } = this.world.time;
    const begin = Math.max(now, this.stalledUntil);
    this.stalledUntil = Math.max(begin, now + milliseconds);
    this.lost += this.stalledUntil - begin;
    this.calmSince = this.stalledUntil;
  }

  /** Waits inside the process. @template T @param {number} milliseconds @param {T} [value] @returns {Promise<T>} */
  later(milliseconds, value) {
    return new Promise((resolve) => this.world.time.in(milliseconds, () => resolve(/** @type {T} */ (value)), this));
  }

  #globals() {
    const { time, draws } = this.world;
    const [wall, monotonic] = [Date.UTC(2026, 0, 1) + draws.between(-5_000, 5_000), draws.between(50, 1e6)];
    let ids = 0;
    const set = (/** @type {() => void} */ go, milliseconds = 0) =>
      Object.assign(time.in(Math.max(1, milliseconds), go, this), { unref() {} });
    const silent = () => undefined;
    return {
      setTimeout: set,
      clearTimeout: (/** @type {object | undefined} */ timer) => timer && Object.assign(timer, { isOver: true }),
      Date: { now: () => Math.floor(wall + time.now) },
      performance: { now: () => monotonic + time.now },
      crypto: { randomUUID: () => `${monotonic}-${ids++}` },
      Math: Object.assign(Object.create(Math), { random: () => draws.between(0, 1) }),
      console: { error: silent, warn: silent, log: silent },
    };
  }

  #policy() {
    const { AllowAny, IsAuthenticated, definePolicy, permission } = this.product;
    const slow = permission("slow", () => this.later(this.world.draws.between(1, LONGEST.rule), true));
    return definePolicy({ connect: IsAuthenticated, actions: { say: AllowAny, slow } });
  }

  #options() {
    const { every, grace, concurrency } = this.world.plan;
    return {
      authenticate: (/** @type {Attempt} */ attempt) => this.#authenticate(attempt),
      identify: (/** @type {{ user: { id: string } | null }} */ { user }) => user && { subjects: [`user:${user.id}`] },
      continuity: this.product.continuity({ revalidate: { every, grace, concurrency }, revocations: this.revocations }),
      timeout: { connect: 1_000, action: 500 },
      hints: false,
    };
  }

  /** Reads the truth, and answers later. @param {Attempt} attempt */
  async #authenticate(attempt) {
    attempt.ask();
    const { draws, time, truth } = this.world;
    await time.pause(draws.between(1, LONGEST.half));
    const id = attempt.client.user;
    const user = truth.isAllowed(id) ? { id } : null;
    const fate = this.world.isTruthFaulty ? draws.oneOf(["fault", "hang", "", "", "", ""]) : "";
    if (fate === "hang") return new Promise(() => undefined);
    await this.later(draws.between(1, LONGEST.half));
    if (fate === "fault") throw new Error("planned");
    return { user };
  }
}
