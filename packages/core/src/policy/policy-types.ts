import type { Decision, MaybeDecision } from "../decision/decision-types.js";
import type { DescribedRule } from "../rules/describe.js";
import type { AsyncOf, CheckScope, MaybeLater, OperandFor, ScopeOf } from "../rules/infer.js";
import type { Consumer, Payload } from "../types.js";
import type { ActionEntry, PolicyOptions } from "./options.js";

type RuleOf<E> = E extends ActionEntry<infer R> ? R : E;
type RulesOf<A> = { [K in keyof A]: RuleOf<A[K]> }[keyof A];
type Box<L> = L extends unknown ? (scope: ScopeOf<L>) => void : never;
type Needs<L> = [L] extends [never] ? unknown : [Box<L>] extends [(scope: infer S) => void] ? S : never;

/**
 * Reports the mistakes that the constraint of an entry does not catch: a rule that needs more scope, and a misspelt
 * key.
 */
type FitsEntry<S, E> =
  E extends ActionEntry<infer R>
    ? { readonly rule: CheckScope<S, R> } & { readonly [K in Exclude<keyof E, keyof ActionEntry>]: never }
    : CheckScope<S, E>;

/** Options of `decideConnect`, `canConnect` and `authorizeConnect`. */
export interface DecideConnectOptions {
  /** Aborting the signal ends the evaluation with the code `aborted`. */
  readonly signal?: AbortSignal;
}

/** Options of `decide`, `can` and `authorize`. */
export interface DecideOptions extends DecideConnectOptions {
  /**
   * The object of the action. When the key is present, the rules are evaluated for the object, and the values
   * `undefined` and `null` are refused with `not_found` (404).
   */
  readonly object?: unknown;
}

/** What a question may name: editors suggest the names `N`. */
export type AnyName<N extends string> = N | (string & Record<never, never>);

/**
 * The name `Q` of an action in a question: one of the names `N`, or a text that the compiler does not know, such as a
 * `string`. A literal that is none of the names is an error, whose message lists them.
 */
export type AskedName<N extends string, Q extends string> = IsLiteral<Q> extends true ? N : Q;

/** False for `string` and for templates: a record of them has no required property. */
type IsLiteral<Q extends string> = Record<never, never> extends Record<Q, never> ? false : true;

/** The types of the rules of a policy or a consumer. Nothing of it exists at run time. */
export interface PolicyTypes<in S, N extends string> {
  /** The scope that the rules need. */
  readonly scope: (scope: S) => void;
  /** The names of the actions. A method, so that a policy of some names is a policy of any. */
  actions(name: N): void;
}

/**
 * The rules of a server. `decide` returns a {@link Decision} and never throws. `can` resolves to a boolean. `authorize`
 * rejects when the action is refused. Each has a second form for the connect phase.
 *
 * `S` is the scope that the rules need. The other parameters are the results of `decide`, each a decision or perhaps a
 * promise of one: `A` for each action of the table, `O` for an action that is no literal name, `C` for a connection.
 */
export interface Policy<
  in S = never,
  out A = Record<string, MaybeDecision>,
  out O = MaybeDecision,
  out C = MaybeDecision,
> {
  readonly "~types"?: PolicyTypes<S, keyof A & string>;
  /**
   * Decides whether an action is allowed, on an object when `options` has one.
   *
   * @param scope The scope of the client.
   * @param consumer The server end of its connection.
   * @param action The name of the action. A literal must be a name of the table; a value of type `string` may be any.
   * @param payload The arguments of the client. Default: an empty object.
   * @param options `object`: the object of the action. `signal`: ends the evaluation when aborted.
   * @returns The decision; a promise of it only when a rule may answer asynchronously. Never throws, never rejects.
   */
  decide<N extends keyof A & string>(
    scope: S,
    consumer: Consumer,
    action: N,
    payload?: Payload,
    options?: DecideOptions,
  ): A[N];
  decide<Q extends string>(
    scope: S,
    consumer: Consumer,
    action: AskedName<keyof A & string, Q>,
    payload?: Payload,
    options?: DecideOptions,
  ): O;
  /**
   * Checks whether an action is allowed. Takes the arguments of `decide`.
   *
   * @returns A promise of true when it is allowed, otherwise of false. Never rejects.
   */
  can<Q extends AnyName<keyof A & string>>(
    scope: S,
    consumer: Consumer,
    action: AskedName<keyof A & string, Q>,
    payload?: Payload,
    options?: DecideOptions,
  ): Promise<boolean>;
  /**
   * Requires that an action is allowed. Takes the arguments of `decide`.
   *
   * @returns A promise without a value, to be awaited. An unawaited rejection does not end the process. It is printed
   *   once, and a `serve` handler with one is refused.
   * @throws {PermissionDenied} Rejects with it when the decision is no allow. Its `cause` is the decision.
   */
  authorize<Q extends AnyName<keyof A & string>>(
    scope: S,
    consumer: Consumer,
    action: AskedName<keyof A & string, Q>,
    payload?: Payload,
    options?: DecideOptions,
  ): Promise<void>;
  /**
   * Decides whether a connection may be opened.
   *
   * @param scope The scope of the client.
   * @param consumer The server end of its connection.
   * @param message The message of the handshake, on transports that have one. Default: an empty object.
   * @param options `signal`: ends the evaluation when aborted.
   * @returns The decision; a promise of it only when a rule may answer asynchronously. Never throws, never rejects.
   */
  decideConnect(scope: S, consumer: Consumer, message?: Payload, options?: DecideConnectOptions): C;
  /**
   * Checks whether a connection may be opened. Takes the arguments of `decideConnect`.
   *
   * @returns A promise of true when it is allowed, otherwise of false. Never rejects.
   */
  canConnect(scope: S, consumer: Consumer, message?: Payload, options?: DecideConnectOptions): Promise<boolean>;
  /**
   * Requires that a connection may be opened. Takes the arguments of `decideConnect`.
   *
   * @returns A promise without a value, to be awaited. An unawaited rejection does not end the process. It is printed
   *   once, and a `serve` handler with one is refused.
   * @throws {PermissionDenied} Rejects with it when the decision is no allow. Its `cause` is the decision.
   */
  authorizeConnect(scope: S, consumer: Consumer, message?: Payload, options?: DecideConnectOptions): Promise<void>;
  /** Returns the rules as plain JSON. */
  describe(): DescribedPolicy;
}

/** A policy as plain JSON. */
export interface DescribedPolicy {
  connect?: DescribedRule;
  permissions?: DescribedRule;
  actions?: Record<string, { rule: DescribedRule; concurrent?: boolean; objects?: string }>;
}

/** The signature of `definePolicy`, for any scope or for a bound one. */
export type PolicyFactory<Bound = never> = <
  const C extends OperandFor<Bound> = never,
  const P extends OperandFor<Bound> = never,
  const A extends Record<string, OperandFor<Bound> | ActionEntry<OperandFor<Bound>>> = Record<never, never>,
>(
  options: PolicyOptions<
    C & CheckScope<Bound, C>,
    P & CheckScope<Bound, P>,
    A & { [K in keyof A]: FitsEntry<Bound, A[K]> }
  >,
) => Policy<
  [Bound] extends [never] ? Needs<C> & Needs<P> & Needs<RulesOf<A>> : Bound,
  // `Extract` makes no source for the inference of `A`: the type around an inline policy must not become its table.
  [keyof A] extends [never]
    ? Record<string, MaybeLater<AsyncOf<P>>>
    : { readonly [K in Extract<keyof A, string>]: MaybeLater<AsyncOf<P> | AsyncOf<RuleOf<A[K]>>> },
  MaybeLater<AsyncOf<P> | AsyncOf<RulesOf<A>>>,
  MaybeLater<AsyncOf<P> | AsyncOf<C>>
>;
