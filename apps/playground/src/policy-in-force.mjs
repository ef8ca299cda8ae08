// @ts-check
import { makeConsumer } from "./consumer.mjs";

/** @typedef {ReturnType<typeof makeConsumer>} Made */

/** The policy of all transports, and its text. */
export class PolicyInForce {
  #parts;
  #made;
  #text;
  #version = 1;
  /** @type {((made: Made) => void)[]} */
  #followers = [];

  /**
   * @param {string} text
   * @param {Parameters<typeof makeConsumer>[1] & { feed: import("./decision-feed.mjs").DecisionFeed }} parts
   */
  constructor(text, parts) {
    this.#parts = parts;
    this.#text = text;
    this.#made = makeConsumer(text, parts);
  }

  get text() {
    return this.#text;
  }

  /** Number of policies so far. */
  get version() {
    return this.#version;
  }

  /** The names of its rules. */
  get rules() {
    return this.#made.rules;
  }

  get made() {
    return this.#made;
  }

  /**
   * @param {(made: Made) => void} follower called with every further policy, in the order of these calls. When one throws,
   *   the others are not called
   */
  follow(follower) {
    this.#followers.push(follower);
  }

  /**
   * Puts another policy in force. Decisions under way finish under the old one.
   *
   * @param {string} text
   * @throws {import("../public/shared/tokens.js").PolicyTextError} When it is no policy. The old policy stays in force.
   */
  apply(text) {
    const { faults, feed } = this.#parts;
    const made = makeConsumer(text, this.#parts);
    for (const follower of this.#followers) follower(made);
    this.#made = made;
    this.#text = text;
    this.#version += 1;
    faults.keep(this.rules);
    feed.announce("policy", { text, version: this.#version, rules: this.rules });
    feed.announce("faults", faults.list());
  }
}
