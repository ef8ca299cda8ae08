import { PermissionMisuse, type Policy, type ReplaceOptions, type Scope } from "@portcullis/core";
import type * as core from "@portcullis/core/adapter";
import { createGuard } from "@portcullis/core/adapter";
import type { CheckNeeds } from "@portcullis/core/internal";
import type { Hooks, Peer } from "crossws";
import { type GuardedHooks, guardHooks } from "./hooks.js";
import type { Caller, CrosswsGuardOptions, ServeOptions, UpgradeRequest } from "./options.js";
import { checkHooks, OWN_OPTIONS, readOptions } from "./options.js";

/**
 * The guard of a crossws server. `P` and `O` are the arguments of `replace`, `S` is the scope of its sessions, `N` are the
 * names of its actions.
 */
export interface Guard<P = Policy, S = Scope, N extends string = string, O = ReplaceOptions<UpgradeRequest>>
  extends core.GuardOf<Peer, P, S, N, O> {
  /** The guarded hooks, to be given to crossws or to a framework on it. */
  readonly hooks: Hooks;
  /** The guard itself is no object of hooks: give its `hooks`. */
  readonly upgrade?: "the guard is no object of hooks: write `websocket: guarded.hooks`";
}

/**
 * Enforces a policy on the hooks of a crossws server. A refused upgrade gets an HTTP response; a refused message is
 * answered by the codec. The hooks of the application receive only admitted peers and allowed messages, unchanged and
 * in order.
 *
 * @param hooks The hooks of the application. `upgrade` is called for an admitted client alone.
 * @param policy A policy of `definePolicy`. If its rules need more scope than every handshake has, `authenticate` must
 *   return it.
 * @param options See {@link CrosswsGuardOptions}.
 * @returns The guard: the guarded `hooks`, `sessions`, `sessionOf`, `findSession`, `replace`, `audit`, `close`.
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
export function guard<S, N extends string, Extra = unknown>(
  hooks: Partial<Hooks>,
  policy: core.PolicyFor<S, N>,
  options: core.OptionsFor<S, Extra, CrosswsGuardOptions<Extra>>,
): Guard<core.PolicyFor<core.ScopeWith<Extra>>, core.ScopeWith<Extra>, N, ReplaceOptions<UpgradeRequest, Extra>>;
/** Enforces a policy whose rules need no more scope than every handshake has. */
export function guard<S, N extends string>(
  hooks: Partial<Hooks>,
  policy: core.PolicyFor<S, N> & CheckNeeds<S>,
): Guard<core.PolicyFor<Scope>, Scope, N>;
export function guard(hooks: Partial<Hooks>, policy: unknown, options = {}): Guard<never, never, never> {
  return attach("guard()", policy, hooks, options);
}

/**
 * Serves a consumer (rules with handlers) over crossws. The value that a handler returns is the answer.
 *
 * @param consumer A consumer of `defineConsumer()`.
 * @param options The options of {@link guard}, and `hooks`: those of the application, without `message`.
 * @returns The guard: the `hooks` for crossws, `sessions`, `sessionOf`, `findSession`, `replace`, `audit`, `close`.
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
export function serve<S, N extends string, Extra = unknown>(
  consumer: core.ServableConsumer<S, N>,
  options: core.OptionsFor<S, Extra, ServeOptions<Extra>>,
): Guard<core.ServableConsumer<core.ScopeWith<Extra>>, core.ScopeWith<Extra>, N, ReplaceOptions<UpgradeRequest, Extra>>;
/** Serves a consumer whose rules need no more scope than every handshake has. */
export function serve<S, N extends string>(
  consumer: core.ServableConsumer<S, N> & CheckNeeds<S>,
): Guard<core.ServableConsumer<Scope>, Scope, N>;
export function serve(consumer: unknown, options: ServeOptions = {}): Guard<never, never, never> {
  return attach("serve()", consumer, options.hooks ?? {}, options);
}

function attach(caller: Caller, rules: unknown, hooks: Partial<Hooks>, options: ServeOptions): Guard<never, never> {
  let guarded!: GuardedHooks;
  const guard = createGuard<UpgradeRequest, Peer, never, never>({
    caller,
    rules,
    options,
    ownOptions: caller === "serve()" ? [...OWN_OPTIONS, "hooks"] : OWN_OPTIONS,
    attach(gate) {
      checkHooks(caller, hooks);
      guarded = guardHooks({ gate, hooks, ...readOptions(caller, options) });
      return guarded;
    },
  });
  return Object.defineProperty({ ...guard, hooks: guarded.hooks }, "upgrade", {
    get() {
      throw new PermissionMisuse("the guard was given as hooks: write `websocket: guarded.hooks`");
    },
  });
}
