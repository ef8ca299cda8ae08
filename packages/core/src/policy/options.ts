import type { PermissionLike } from "../rules/infer.js";

/** Milliseconds per question. Each 5,000 by default. */
export interface Timeouts {
  connect?: number;
  action?: number;
  object?: number;
}

/** An action of a policy that needs more than its rule. */
export interface ActionEntry<R extends PermissionLike = PermissionLike> {
  readonly rule: R;
  /** True when a served handler of this action lets the next message begin before it has ended. */
  readonly concurrent?: boolean;
  /** Declares that the handler asks about the object itself. Needed where a rule only knows objects. */
  readonly objects?: "checked-by-handler";
}

/** The options of `definePolicy`. */
export interface PolicyOptions<C, P, A> {
  /** Who may open a connection. Without it, every client that `permissions` does not refuse. */
  readonly connect?: C;
  /** Asked of every action, beside the table; its `canConnect` at connect. */
  readonly permissions?: P;
  /** The rules by name of the action. An action that is not in the table is refused. */
  readonly actions?: A;
  /** Milliseconds per question; 5,000 each by default. */
  readonly timeout?: Timeouts;
  /**
   * `"deny"` hides which actions there are: an unknown one is `not_authenticated` (401) to a client without a user and
   * `permission_denied` (403) to all others. So is, to a client without a user, a payload that does not fit.
   */
  readonly unknownAction?: "deny";
}
