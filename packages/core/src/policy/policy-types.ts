import type { Decision } from "../decision/decision-types.js";
import type { DescribedRule } from "../rules/describe.js";
import type { AsyncOf, CheckScope, MaybeLater, PermissionLike, ScopeOf } from "../rules/infer.js";
import type { Consumer, Payload } from "../types.js";
import type { ActionEntry, PolicyOptions } from "./options.js";

/** The answer of `decide` where nothing is known of the rules. */
export type Answered = Decision | Promise<Decision>;
type RuleOf<E> = E extends ActionEntry<infer R> ? R : E;
type RulesOf<A> = { [K in keyof A]: RuleOf<A[K]> }[keyof A];
type Box<L> = L extends unknown ? (scope: ScopeOf<L>) => void : never;
type Needs<L> = [L] extends [never] ? unknown : [Box<L>] extends [(scope: infer S) => void] ? S : never;

/** What is wrong with an entry beside what its constraint says: a rule that asks for more scope, a misspelt key. */
type FitsEntry<S, E> =
  E extends ActionEntry<infer R>
    ? { readonly rule: CheckScope<S, R> } & { readonly [K in Exclude<keyof E, keyof ActionEntry>]: never }
    : CheckScope<S, E>;

/** Options of the connect question of a policy. */
export interface DecideConnectOptions {
  /** Ends the evaluation with the code `aborted`. */
  readonly signal?: AbortSignal;
}

/** Options of a question to a policy. */
export interface DecideOptions extends DecideConnectOptions {
  /**
   * The object of the action. Where the option is there, the rules are asked about the object; `undefined` and `null` are
   * refused as `not_found`.
   */
  readonly object?: unknown;
}

/** A name of the table, or any other. */
type ActionName<A> = (keyof A & string) | (string & Record<never, never>);

/**
 * The rules of a server, and three verbs to ask them. `decide` answers a {@link Decision} and never throws; `can` answers
 * a boolean; `authorize` answers nothing and rejects where refused. Each has a second form for the connect question.
 *
 * `S` is the scope the rules need. The others say what `decide` answers, a decision or perhaps a promise of one: `A` for
 * each action of the table, `O` for an action that is known by no literal name, `C` for a connection.
 */
export interface Policy<in S = never, out A = Record<string, Answered>, out O = Answered, out C = Answered> {
  readonly "~types"?: { readonly scope: (scope: S) => void };
  /**
   * Decides whether an action may be done, to an object where `options` has one.
   *
   * @param scope What is known of the client.
   * @param consumer The server end of its connection.
   * @param action The name of the action.
   * @param payload The client's arguments. Default: none.
   * @param options `object`, `signal`.
   * @returns The decision; a promise of it only where a rule may answer later. Never throws, never rejects.
   */
  decide<N extends keyof A & string>(
    scope: S,
    consumer: Consumer,
    action: N,
    payload?: Payload,
    options?: DecideOptions,
  ): A[N];
  decide(scope: S, consumer: Consumer, action: string, payload?: Payload, options?: DecideOptions): O;
  /**
   * Tells whether an action may be done. The arguments are those of `decide`.
   *
   * @returns A promise of true where it is allowed. Never rejects.
   */
  can(
    scope: S,
    consumer: Consumer,
    action: ActionName<A>,
    payload?: Payload,
    options?: DecideOptions,
  ): Promise<boolean>;
  /**
   * Enforces that an action may be done. The arguments are those of `decide`.
   *
   * @returns A promise of nothing. Wait for it; where it is forgotten, its rejection does not end the process.
   * @throws {PermissionDenied} When it is refused. The `cause` is the decision.
   */
  authorize(
    scope: S,
    consumer: Consumer,
    action: ActionName<A>,
    payload?: Payload,
    options?: DecideOptions,
  ): Promise<void>;
  /**
   * Decides whether a connection may be opened.
   *
   * @param scope What is known of the client.
   * @param consumer The server end of its connection.
   * @param message The message of the handshake, where the transport has one.
   * @param options `signal`.
   * @returns The decision; a promise of it only where a rule may answer later. Never throws, never rejects.
   */
  decideConnect(scope: S, consumer: Consumer, message?: Payload, options?: DecideConnectOptions): C;
  /**
   * Tells whether a connection may be opened. The arguments are those of `decideConnect`.
   *
   * @returns A promise of true where it is allowed. Never rejects.
   */
  canConnect(scope: S, consumer: Consumer, message?: Payload, options?: DecideConnectOptions): Promise<boolean>;
  /**
   * Enforces that a connection may be opened. The arguments are those of `decideConnect`.
   *
   * @returns A promise of nothing. Wait for it; where it is forgotten, its rejection does not end the process.
   * @throws {PermissionDenied} When it is refused. The `cause` is the decision.
   */
  authorizeConnect(scope: S, consumer: Consumer, message?: Payload, options?: DecideConnectOptions): Promise<void>;
  /** The rules as plain JSON. */
  describe(): DescribedPolicy;
}

/** A policy as plain JSON. */
export interface DescribedPolicy {
  connect?: DescribedRule;
  permissions?: DescribedRule;
  actions?: Record<string, { rule: DescribedRule; concurrent?: boolean; objects?: string }>;
}

/** The spelling of `definePolicy`, for any scope or for one. */
export type PolicyFactory<Bound = never> = <
  const C extends PermissionLike<Bound> = never,
  const P extends PermissionLike<Bound> = never,
  const A extends Record<string, PermissionLike<Bound> | ActionEntry<PermissionLike<Bound>>> = Record<never, never>,
>(
  options: PolicyOptions<
    C & CheckScope<Bound, C>,
    P & CheckScope<Bound, P>,
    A & { [K in keyof A]: FitsEntry<Bound, A[K]> }
  >,
) => Policy<
  [Bound] extends [never] ? Needs<C> & Needs<P> & Needs<RulesOf<A>> : Bound,
  { readonly [K in keyof A]: MaybeLater<AsyncOf<P> | AsyncOf<RuleOf<A[K]>>> },
  MaybeLater<AsyncOf<P> | AsyncOf<RulesOf<A>>>,
  MaybeLater<AsyncOf<P> | AsyncOf<C>>
>;
