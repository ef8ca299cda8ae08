// @ts-check
import { setTimeout as pause } from "node:timers/promises";
import { permission } from "@portcullis/core";

/** @typedef {import("./rules.mjs").ChatScope} ChatScope */
/** @typedef {import("@portcullis/core").PermissionFactory<ChatScope>} ChatPermission */
/** @typedef {(...args: any[]) => any} Ask */

/**
 * How a rule may go wrong.
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

/** Makes rules go wrong while a switch says so. */
export class Faults {
  /** @type {Map<string, FaultKind>} */
  #kinds = new Map();

  /** @returns {Record<string, FaultKind>} */
  list() {
    return Object.fromEntries(this.#kinds);
  }

  /**
   * @param {string} rule as decisions call it
   * @param {FaultKind | null} kind `null`: it works again
   */
  set(rule, kind) {
    if (kind === null) this.#kinds.delete(rule);
    else this.#kinds.set(rule, kind);
  }

  /**
   * Mends the rules that are not there any more.
   *
   * @param {readonly string[]} rules that are there
   */
  keep(rules) {
    for (const rule of this.#kinds.keys()) if (!rules.includes(rule)) this.#kinds.delete(rule);
  }

  /**
   * `permission` of the library, for rules that can be made to go wrong.
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
   * A rule in class style that can be made to go wrong.
   *
   * @param {string} name as decisions call it
   * @param {import("@portcullis/core").BasePermission<never>} rule
   */
  wrap(name, rule) {
    const wrapped = Object.create(rule);
    for (const method of METHODS) {
      const ask = /** @type {Ask | undefined} */ (rule[method]);
      // Called on the rule itself: it may have private fields.
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
