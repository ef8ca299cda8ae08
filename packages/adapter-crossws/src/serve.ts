import type { ReplaceOptions, Scope } from "@portcullis/core";
import type { Authenticated, OptionsFor, ScopeWith, ServableConsumer } from "@portcullis/core/adapter";
import type { CheckNeeds } from "@portcullis/core/internal";
import { attach, type Guard } from "./attach.js";
import type { ServeOptions } from "./options.js";
import type { UpgradeRequest } from "./upgrade-facts.js";

/**
 * Serves a consumer (rules with handlers) over crossws. The value that a handler returns is the answer.
 *
 * @param consumer A consumer of `defineConsumer()`.
 * @param options The options of {@link guard}, and `hooks`: those of the application, without `message`.
 * @returns The guard: the `hooks` for crossws, its `sessions`, `sessionOf(peer)`, `replace`, `audit`, `close`.
 * @throws {PermissionMisuse} When the consumer, a hook or an option is invalid, or the codec has no `reply()`.
 * @example
 * ```ts
 * import { serve } from "@portcullis/adapter-crossws";
 * import { AllowAny } from "@portcullis/core";
 * import { defineConsumer } from "@portcullis/core/consumer";
 *
 * const echo = defineConsumer().action("echo", AllowAny, ({ payload }) => payload.text);
 * const { hooks } = serve(echo);
 * ```
 */
export function serve<S, N extends string, Extra = Authenticated<S>>(
  consumer: ServableConsumer<S, N>,
  options: OptionsFor<S, Extra, ServeOptions<Extra>>,
): Guard<ServableConsumer<ScopeWith<Extra>>, ScopeWith<Extra>, N, ReplaceOptions<UpgradeRequest, Extra>>;
/** Serves a consumer whose rules need no more scope than every handshake has. */
export function serve<S, N extends string>(
  consumer: ServableConsumer<S, N> & CheckNeeds<S>,
): Guard<ServableConsumer<Scope>, Scope, N>;
export function serve(consumer: unknown, options: ServeOptions = {}): Guard<never, never, never> {
  return attach("serve()", consumer, options.hooks ?? {}, options);
}
