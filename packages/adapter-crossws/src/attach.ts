import type { Policy, ReplaceOptions, Scope } from "@portcullis/core";
import { createGuard, type GuardOf } from "@portcullis/core/adapter";
import type { Hooks, Peer } from "crossws";
import { GuardedHooks } from "./hooks.js";
import { checkHooks, type GuardOptions, OWN_OPTIONS, readOptions, type ServeOptions } from "./options.js";
import type { UpgradeRequest } from "./upgrade-facts.js";

/**
 * The guard of a crossws server. `P` and `O` are the arguments of `replace`, `S` is the scope of its sessions, `N` are the
 * names of its actions.
 */
export interface Guard<P = Policy, S = Scope, N extends string = string, O = ReplaceOptions<UpgradeRequest>>
  extends GuardOf<Peer, P, S, N, O> {
  /** The guarded hooks, to be given to crossws or to a framework on it. */
  readonly hooks: Hooks;
}

/**
 * Makes a guard, and its hooks.
 *
 * @throws {PermissionMisuse} When hooks, rules or options are wrong.
 */
export function attach(
  caller: "guard()" | "serve()",
  rules: unknown,
  hooks: Partial<Hooks>,
  options: GuardOptions | ServeOptions,
): Guard<never, never> {
  const isServed = caller === "serve()";
  checkHooks(caller, hooks, isServed);
  let guarded: GuardedHooks | undefined;
  const guard = createGuard<UpgradeRequest, Peer, never, never>({
    caller,
    rules,
    options,
    ownOptions: isServed ? [...OWN_OPTIONS, "hooks"] : OWN_OPTIONS,
    attach(gate) {
      guarded = new GuardedHooks({ gate, hooks, ...readOptions(caller, options, isServed) });
      return guarded;
    },
  });
  return { ...guard, hooks: (guarded as unknown as GuardedHooks).toHooks() };
}
