import { PermissionMisuse } from "../decision/errors.js";
import { show } from "../util/show.js";
import { buildRules } from "./compile-policy.js";
import type { PolicyOptions } from "./options.js";
import { PolicyEngine } from "./policy-engine.js";
import type { PolicyFactory } from "./policy-types.js";

/**
 * Builds a policy from the rules of a server. The trees are validated and compiled once, in this call.
 *
 * @param options `connect`, `permissions`, `actions` (name to rule, or to `{ rule, concurrent, objects }`), `timeout`
 *   (milliseconds per phase), `unknownAction`.
 * @returns A policy with `decide`, `can` and `authorize`, their `Connect` forms, and `describe`.
 * @throws {PermissionMisuse} When neither `permissions` nor `actions` is given, an option is unknown, or a value is no
 *   rule.
 * @example
 * ```ts
 * import { AllowAny, definePolicy, IsAuthenticated } from "@portcullis/core";
 * const policy = definePolicy({
 *   connect: AllowAny,
 *   actions: { ping: AllowAny, "chat.send": IsAuthenticated },
 * });
 * const consumer = { id: "1", transport: "none", raw: undefined, close() {} };
 * console.assert(policy.decide({ user: null }, consumer, "chat.send").code === "not_authenticated");
 * ```
 */
export const definePolicy: PolicyFactory = (options: PolicyOptions<unknown, unknown, unknown>) =>
  new PolicyEngine(buildRules(options)) as never;

/**
 * Returns the engine of a policy or a consumer, also of one that another copy of this package made.
 *
 * @param caller The function to name in the error message, for example `explain()`.
 * @throws {PermissionMisuse} When the value is neither a policy nor a consumer.
 */
export function engineOf(policy: unknown, caller: string): PolicyEngine {
  if (typeof policy === "object" && policy !== null) {
    const engine: unknown = "engine" in policy ? policy.engine : policy;
    if (typeof engine === "object" && engine !== null && "rules" in engine && "decide" in engine)
      return engine as PolicyEngine;
  }
  throw new PermissionMisuse(`${caller} got ${show(policy)} as its policy: give what definePolicy({ ... }) returned`);
}
