import type { ReplaceOptions, Scope } from "@portcullis/core";
import type { Authenticated, OptionsFor, PolicyFor, ScopeWith } from "@portcullis/core/adapter";
import type { CheckNeeds } from "@portcullis/core/internal";
import type { Hooks } from "crossws";
import { attach, type Guard } from "./attach.js";
import type { GuardOptions } from "./options.js";
import type { UpgradeRequest } from "./upgrade-facts.js";

/**
 * Enforces a policy on the hooks of a crossws server. A refused upgrade gets an HTTP response; a refused message is
 * answered by the codec. The hooks of the application receive only admitted peers and allowed messages, unchanged and
 * in order.
 *
 * @param hooks The hooks of the application. `upgrade` is called for an admitted client alone.
 * @param policy A policy of `definePolicy`. If its rules need more scope than every handshake has, `authenticate` must
 *   return it.
 * @param options `authenticate`, `origins`, `codec`, `denied`, `refuse`, `challenge`, `timeout` (milliseconds), `limits`,
 *   `onDecision`, `trace`.
 * @returns The guard: the guarded `hooks`, its `sessions`, `sessionOf(peer)`, `replace`, `audit`, `close`.
 * @throws {PermissionMisuse} When a hook is unknown, or the policy or an option is invalid.
 * @example
 * ```ts
 * import { guard } from "@portcullis/adapter-crossws";
 * import { AllowAny, definePolicy, IsAuthenticated } from "@portcullis/core";
 *
 * const policy = definePolicy({ actions: { ping: AllowAny, "chat.send": IsAuthenticated } });
 * const { hooks } = guard({ message: (peer, message) => void peer.send(message.text()) }, policy, {
 *   authenticate: ({ headers }) => ({ user: headers.get("cookie") === "session=ann" ? { id: 1 } : null }),
 * });
 * ```
 */
export function guard<S, N extends string, Extra = Authenticated<S>>(
  hooks: Partial<Hooks>,
  policy: PolicyFor<S, N>,
  options: OptionsFor<S, Extra, GuardOptions<Extra>>,
): Guard<PolicyFor<ScopeWith<Extra>>, ScopeWith<Extra>, N, ReplaceOptions<UpgradeRequest, Extra>>;
/** Enforces a policy whose rules need no more scope than every handshake has. */
export function guard<S, N extends string>(
  hooks: Partial<Hooks>,
  policy: PolicyFor<S, N> & CheckNeeds<S>,
): Guard<PolicyFor<Scope>, Scope, N>;
export function guard(hooks: Partial<Hooks>, policy: unknown, options: GuardOptions = {}): Guard<never, never, never> {
  return attach("guard()", policy, hooks, options);
}
