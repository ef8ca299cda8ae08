import type { OperandFor } from "../rules/infer.js";

/** Deadlines of the phases in milliseconds. Default 5,000 each. */
export interface Timeouts {
  connect?: number;
  action?: number;
  object?: number;
}

/** An action of a policy with options beside its rule. */
export interface ActionEntry<R extends OperandFor = OperandFor> {
  readonly rule: R;
  /** True when the next message may begin before a served handler of this action has ended. */
  readonly concurrent?: boolean;
  /** Declares that the handler checks the object itself. Needed when a rule only answers the object phase. */
  readonly objects?: "checked-by-handler";
}

/** A table with a rule for each of the actions `N`. */
export type ActionRules<N extends string> = { readonly [K in N]: OperandFor | ActionEntry };

/** The options of `definePolicy`. */
export interface PolicyOptions<C, P, A> {
  /** The rule of the connect phase. Default: every client that `permissions` does not refuse may connect. */
  readonly connect?: C;
  /**
   * Evaluated for every action, in addition to its rule in `actions`. Its `canConnect` is evaluated in the connect
   * phase.
   */
  readonly permissions?: P;
  /** The rules by name of the action. An action that is not in the table is refused. */
  readonly actions?: A;
  /** Deadlines of the phases in milliseconds. Default 5,000 each. */
  readonly timeout?: Timeouts;
  /**
   * `"deny"` hides the names of the actions. An unknown action is refused with `not_authenticated` (401) for a client
   * without a user, and with `permission_denied` (403) for all others. An invalid payload of a client without a user is
   * refused with `not_authenticated` too.
   */
  readonly unknownAction?: "deny";
}
