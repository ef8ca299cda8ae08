// @ts-check
import { setTimeout as pause } from "node:timers/promises";
import { permission } from "@portcullis/core";

/** @typedef {import("./rules.mjs").ChatScope} ChatScope */
/** @typedef {import("@portcullis/core").PermissionFactory<ChatScope>} ChatPermission */
/** @typedef {(...args: any[]) => any} Ask */

/**
 * The faults a rule can be given.
 *
 * @satisfies {Record<string, (answer: () => unknown) => unknown>}
 */
const WAYS = {
  throws() {
    throw new Error("This rule was told to throw.");
  },
  rejects: () => Promise.reject(new Error("This rule was told to reject.")),
  hangs: () => new Promise(() => {}),
  undefined: () => undefined,
  late: (/** @type {() => unknown} */ answer) => pause(3000, undefined, { ref: false }).then(answer),
};

/** @typedef {keyof typeof WAYS} FaultKind */

/**
 * @param {unknown} kind
 * @returns {kind is FaultKind}
 */
export function isFaultKind(kind) {
  return typeof kind === "string" && Object.hasOwn(WAYS, kind);
}

const METHODS = /** @type {const} */ (["canConnect", "hasPermission", "hasObjectPermission"]);

/** Makes rules fail on purpose. */
export class Faults {
  /** @type {Map<string, FaultKind>} */
  #kinds = new Map();
  /** @type {Map<string, { kind: FaultKind, until: number }>} the last fault of each rule that has none now */
  #ended = new Map();

  /** @returns {Record<string, FaultKind>} */
  list() {
    return Object.fromEntries(this.#kinds);
  }

  /**
   * @param {string} rule by its name in decisions
   * @param {FaultKind | null} kind `null` lets the rule work again
   */
  set(rule, kind) {
    const before = this.#kinds.get(rule);
    if (before !== undefined) this.#ended.set(rule, { kind: before, until: performance.now() });
    if (kind === null) this.#kinds.delete(rule);
    else this.#kinds.set(rule, kind);
  }

  /**
   * The faults that a decision may rest on. A rule that hangs may be reset before the decision times out.
   *
   * @param {number} milliseconds that the decision took until now
   * @returns {Record<string, FaultKind>} by the name of the rule
   */
  during(milliseconds) {
    const begin = performance.now() - milliseconds;
    const ended = [...this.#ended].filter(([, { until }]) => until >= begin);
    return { ...Object.fromEntries(ended.map(([rule, { kind }]) => [rule, kind])), ...this.list() };
  }

  /**
   * Drops the faults of rules that are no longer part of the policy.
   *
   * @param {readonly string[]} rules of the policy
   */
  keep(rules) {
    for (const rule of this.#kinds.keys()) if (!rules.includes(rule)) this.set(rule, null);
  }

  /**
   * `permission` of the library, for rules that can be given a fault.
   *
   * @type {ChatPermission}
   */
  permission = /** @type {any} */ (
    (/** @type {string} */ name, /** @type {Ask | Record<string, Ask>} */ parts) => {
      const given = typeof parts === "function" ? { action: parts } : parts;
      const entries = Object.entries(given).map(([phase, ask]) => [phase, this.#breakable(name, ask)]);
      return /** @type {any} */ (permission)(name, Object.fromEntries(entries));
    }
  );

  /**
   * Wraps a rule in class style, so that it can be given a fault.
   *
   * @param {string} name of the rule in decisions
   * @param {import("@portcullis/core").BasePermission<never>} rule
   */
  wrap(name, rule) {
    const wrapped = Object.create(rule);
    for (const method of METHODS) {
      const ask = /** @type {Ask | undefined} */ (rule[method]);
      // Called on the rule itself, because it may have private fields.
      if (ask) wrapped[method] = this.#breakable(name, (...args) => ask.apply(rule, args));
    }
    return wrapped;
  }

  /**
   * @param {string} name
   * @param {Ask} ask
   * @returns {Ask}
   */
  #breakable(name, ask) {
    return (...args) => {
      const kind = this.#kinds.get(name);
      return kind === undefined ? ask(...args) : WAYS[kind](() => ask(...args));
    };
  }
}
