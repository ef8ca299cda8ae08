import type { Continuity } from "../guard/continuity-hook.js";
import type { GuardRuntime } from "../guard/runtime.js";
import type { LogGauges } from "./follower.js";
import { GuardContinuity } from "./guard-continuity.js";
import { type ContinuityOptions, readContinuityOptions } from "./options.js";

/** The state of the connections, for metrics. */
export interface ContinuityGauges {
  /** The open connections by the state of their identity. */
  readonly sessions: { readonly valid: number; readonly pending: number; readonly expired: number };
  /** The connections whose revalidation is due, and which wait for room. */
  readonly overdue: number;
  /** The reading of the log; `undefined` without `revocations`. */
  readonly log: LogGauges | undefined;
}

/** The continuity of the guards that it is given to. */
export interface CountedContinuity extends Continuity {
  /** Counts the connections of all these guards. Walks through all of them. */
  gauges(): ContinuityGauges;
}

/**
 * Keeps the authorization of open connections true. Give the result to the option `continuity` of a guard, beside
 * `identify`.
 *
 * @param options `renew`, `warnBefore` and `grace` (milliseconds), `revalidate`, `revocations`. Default: connections end
 *   with their identities.
 * @throws {PermissionMisuse} When an option is unknown or of the wrong type.
 * @example
 * ```ts
 * import { definePolicy, IsAuthenticated } from "@portcullis/core";
 * import { continuity, memoryRevocations } from "@portcullis/core/continuity";
 * const revocations = memoryRevocations();
 * const lasting = continuity({ renew: { action: "auth.renew" }, revocations });
 * // guard(server, policy, {
 * //   authenticate,
 * //   identify: ({ user }) => user && { subjects: [`user:${user.id}`] },
 * //   continuity: lasting,
 * // });
 * await revocations.revoke("user:42");
 * ```
 */
export function continuity(options: ContinuityOptions = {}): CountedContinuity {
  const read = readContinuityOptions(options);
  const guards = new Set<GuardContinuity>();
  return {
    "~renews": read.renewAction,
    "~attach": (runtime) => new GuardContinuity(read, runtime as GuardRuntime<never>, guards),
    gauges() {
      const sessions = { valid: 0, pending: 0, expired: 0 };
      let overdue = 0;
      for (const guard of guards) {
        overdue += guard.revalidations.size;
        for (const { lease } of guard.sessions) {
          const state = lease.now();
          if (state !== "ended") sessions[state] += 1;
        }
      }
      return { sessions, overdue, log: read.revocations?.gauges };
    },
  };
}
