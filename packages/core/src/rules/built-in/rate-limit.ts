import { fault } from "../../decision/answers.js";
import { PermissionMisuse } from "../../decision/errors.js";
import type { Context, Scope } from "../../types.js";
import { show } from "../../util/show.js";
import { permission } from "../function-rule.js";
import type { Rule } from "../permission.js";
import { identityOf } from "../user.js";

/** A rate limiter, such as those of rate-limiter-flexible. */
export interface RateLimiter {
  /**
   * Takes one point of a key.
   *
   * @returns A promise that rejects when no point is left. The rejection has `msBeforeNext`, the milliseconds until there
   *   is one again. An `Error` means that the limiter does not work.
   */
  consume(key: string): Promise<unknown>;
}

/**
 * Limits the rate of messages with a limiter of the application, which HTTP routes may share. A client over the limit
 * gets `rate_limited` (429) with `retryAfter`. `not` does not negate that, nor an error of the limiter. The rule
 * answers the action phase.
 *
 * @param limiter Has `consume(key)`, as the limiters of rate-limiter-flexible.
 * @param key Returns the key of a message, for example the id of an organization. Default: the identity of the user (`id`,
 *   `sub`, ... as {@link IsAuthenticated} reads it), otherwise the address of the client.
 * @returns A permission. Each evaluation takes one point.
 * @throws {PermissionMisuse} When the limiter has no `consume`, or the key is no function.
 * @example
 * ```ts
 * import { and, definePolicy, IsAuthenticated, rateLimit } from "@portcullis/core";
 * const limiter = { consume: async (key: string) => key };
 * const policy = definePolicy({ actions: { say: and(IsAuthenticated, rateLimit(limiter)) } });
 * console.assert(policy.describe().actions?.say?.rule.name === "and(IsAuthenticated, rateLimit)");
 * ```
 */
export function rateLimit<S = Scope>(
  limiter: RateLimiter,
  key: (context: Context<S>) => string | number = clientOf as never,
): Rule<S, unknown, unknown, true> {
  if (typeof limiter?.consume !== "function") {
    throw new PermissionMisuse(`rateLimit() got ${show(limiter)}: give a limiter with consume(key)`);
  }
  if (typeof key !== "function") {
    throw new PermissionMisuse(`rateLimit() got ${show(key)} as its key: give a function that returns a text`);
  }
  return permission("rateLimit", async (context: Context<S>) => {
    const name: unknown = key(context);
    if ((typeof name !== "string" || name === "") && !Number.isFinite(name)) {
      throw new PermissionMisuse(`rateLimit() got ${show(name)} from its key: return a text that is not empty`);
    }
    try {
      checkConsumed(await limiter.consume(String(name)));
      return true;
    } catch (error) {
      const wait = error instanceof Error ? undefined : (error as { msBeforeNext?: unknown } | null)?.msBeforeNext;
      if (typeof wait !== "number") throw error;
      return fault("rate_limited", { retryAfter: Math.ceil(wait / 1000) });
    }
  }) as unknown as Rule<S, unknown, unknown, true>;
}

/** The identity of the user as text, such as that of an ObjectId; otherwise the address of the client. */
function clientOf({ scope }: Context<Scope>): unknown {
  const value = identityOf(scope.user)?.value ?? scope.remoteAddress;
  const text = String(value);
  // All objects without a text of their own would share one limit.
  return value === undefined || text === "[object Object]" ? value : text;
}

/**
 * A limiter that answers instead of rejecting must not let everybody through.
 *
 * @throws {PermissionMisuse} When the answer says that no point was left.
 */
function checkConsumed(answer: unknown): void {
  const { success, allowed } = Object(answer) as { readonly success?: unknown; readonly allowed?: unknown };
  if (answer !== false && success !== false && allowed !== false) return;
  throw new PermissionMisuse("the limiter of rateLimit() answered that no point is left: reject with { msBeforeNext }");
}
