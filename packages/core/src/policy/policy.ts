import type { Decision } from "../decision/decision.js";
import { PermissionMisuse, show } from "../decision/errors.js";
import { evaluate } from "../engine/evaluate.js";
import {
  ABORTED,
  type AnswerRecord,
  CancellationScope,
  createAnswerRecord,
  type EvaluationOptions,
} from "../engine/evaluation.js";
import { readLoaded } from "../engine/loaded-object.js";
import { type DescribedRule, describeTree } from "../rules/describe.js";
import type { AsyncOf, CheckScope, MaybeLater, PermissionLike, ScopeOf } from "../rules/infer.js";
import type { Consumer, Payload } from "../types.js";
import { type ActionRule, buildRules, type Rules } from "./compile-policy.js";

/** Milliseconds per question. Each 5,000 by default. */
export interface Timeouts {
  connect?: number;
  action?: number;
  object?: number;
}

/** An action of a policy that needs more than its rule. */
export interface ActionEntry<R extends PermissionLike = PermissionLike> {
  readonly rule: R;
  /** Whether a served handler of this action lets the next message begin before it has ended. */
  readonly concurrent?: boolean;
  /** Says that the handler calls `authorizeObject` itself; needed where a rule only knows objects. */
  readonly objects?: "checked-by-handler";
}

/** What a question answers where nothing is known of its rules. */
type Answered = Decision | Promise<Decision>;
type RuleOf<E> = E extends ActionEntry<infer R> ? R : E;
type RulesOf<A> = { [K in keyof A]: RuleOf<A[K]> }[keyof A];
type Box<L> = L extends unknown ? (scope: ScopeOf<L>) => void : never;
type Needs<L> = [L] extends [never] ? unknown : [Box<L>] extends [(scope: infer S) => void] ? S : never;

/** What is wrong with an entry beside what its constraint says: a rule that asks for more scope, a misspelt key. */
type FitsEntry<S, E> =
  E extends ActionEntry<infer R>
    ? { readonly rule: CheckScope<S, R> } & { readonly [K in Exclude<keyof E, keyof ActionEntry>]: never }
    : CheckScope<S, E>;

/** What `definePolicy` takes. */
export interface PolicyOptions<C, P, A> {
  /** Who may open a connection. Without it, whoever `permissions` does not refuse. */
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

/** An extra of a direct call. */
export interface AuthorizeOptions {
  /** Ends the evaluation with the code `aborted`. */
  readonly signal?: AbortSignal;
}

/** What adapters give beside: the answers of a question are kept in a watch of theirs. */
interface RecordedAuthorizeOptions extends AuthorizeOptions {
  readonly watch?: AnswerRecord | undefined;
}

/**
 * The rules of a server. Its questions never throw and never reject; they answer a plain decision where every rule
 * that is asked is sync.
 *
 * `S` is the scope the rules need. The others say what is answered, a decision or perhaps a promise of one: `A` for each
 * action of the table, `O` for an action that is known by no literal name, `C` for a connection.
 */
export interface Policy<in S = never, out A = Record<string, Answered>, out O = Answered, out C = Answered> {
  readonly "~types"?: { readonly scope: (scope: S) => void };
  /** May this connection be opened? */
  connect(scope: S, consumer: Consumer, message?: Payload, asked?: AuthorizeOptions): C;
  /** May this action be done? */
  authorize<N extends keyof A & string>(
    scope: S,
    consumer: Consumer,
    action: N,
    payload?: Payload,
    asked?: AuthorizeOptions,
  ): A[N];
  authorize(scope: S, consumer: Consumer, action: string, payload?: Payload, asked?: AuthorizeOptions): O;
  /** May this action be done to this object? */
  authorizeObject<N extends keyof A & string>(
    scope: S,
    consumer: Consumer,
    action: N,
    payload: Payload,
    object: unknown,
    asked?: AuthorizeOptions,
  ): A[N];
  authorizeObject(
    scope: S,
    consumer: Consumer,
    action: string,
    payload: Payload,
    object: unknown,
    asked?: AuthorizeOptions,
  ): O;
  /** The rules as plain JSON. */
  describe(): DescribedPolicy;
}

/** A policy as plain JSON. */
export interface DescribedPolicy {
  connect?: DescribedRule;
  permissions?: DescribedRule;
  actions?: Record<string, { rule: DescribedRule; concurrent?: boolean; objects?: string }>;
}

const NOTHING: Payload = Object.freeze(Object.create(null));

/** A policy at run time: what adapters and `explain` see of it. */
export class PolicyEngine implements Policy<unknown> {
  constructor(readonly rules: Rules) {}

  connect(
    scope: unknown,
    consumer: Consumer,
    message: Payload = NOTHING,
    asked?: RecordedAuthorizeOptions,
  ): Decision | Promise<Decision> {
    const watch = asked?.watch;
    return this.#ask((control) => this.decideConnect(scope, consumer, message, control, watch), "connect", asked);
  }

  authorize(
    scope: unknown,
    consumer: Consumer,
    action: string,
    payload: Payload = NOTHING,
    asked?: RecordedAuthorizeOptions,
  ): Decision | Promise<Decision> {
    const { rules } = this;
    if (asked === undefined) {
      const { stages } = rules.entryOf(action);
      return evaluate(stages, scope, consumer, action, payload, undefined, rules.controls.action, undefined);
    }
    const { watch } = asked;
    return this.#ask((control) => this.decide(scope, consumer, action, payload, control, watch), "action", asked);
  }

  authorizeObject(
    scope: unknown,
    consumer: Consumer,
    action: string,
    payload: Payload,
    object: unknown,
    asked?: RecordedAuthorizeOptions,
  ): Decision | Promise<Decision> {
    const watch = asked?.watch ?? createAnswerRecord();
    return this.#ask(
      (control) => this.decideObject(scope, consumer, action, payload, object, control, watch),
      "object",
      asked,
    );
  }

  describe(): DescribedPolicy {
    const { connect, permissions, table } = this.rules;
    const actions = table && Object.fromEntries([...table].map(([name, entry]) => [name, describeEntry(entry)]));
    return {
      ...(connect && { connect: describeTree(connect) }),
      ...(permissions && { permissions: describeTree(permissions) }),
      ...(actions && { actions }),
    };
  }

  decideConnect(
    scope: unknown,
    consumer: Consumer,
    message: Payload,
    control: EvaluationOptions,
    watch: AnswerRecord | undefined,
  ): Decision | Promise<Decision> {
    return evaluate(this.rules.connectStages, scope, consumer, "connect", message, undefined, control, watch);
  }

  decide(
    scope: unknown,
    consumer: Consumer,
    action: string,
    payload: Payload,
    control: EvaluationOptions,
    watch: AnswerRecord | undefined,
  ): Decision | Promise<Decision> {
    return evaluate(this.rules.entryOf(action).stages, scope, consumer, action, payload, undefined, control, watch);
  }

  /** The object question reuses the answers in `watch`, and asks only what is new. One watch serves one object. */
  decideObject(
    scope: unknown,
    consumer: Consumer,
    action: string,
    payload: Payload,
    object: unknown,
    control: EvaluationOptions,
    watch: AnswerRecord,
  ): Decision | Promise<Decision> {
    const isThere = object !== undefined && object !== null;
    const loaded = isThere ? readLoaded(object) : { object };
    if (!("object" in loaded)) return loaded;
    const { objectStages } = this.rules.entryOf(action);
    return evaluate(objectStages, scope, consumer, action, payload, object, control, { ...watch, reuses: true });
  }

  #ask(
    question: (control: EvaluationOptions) => Decision | Promise<Decision>,
    phase: "connect" | "action" | "object",
    asked: AuthorizeOptions | undefined,
  ): Decision | Promise<Decision> {
    const control = this.rules.controls[phase];
    const signal = asked?.signal;
    if (signal === undefined) return question(control);
    if (signal.aborted) return ABORTED;
    const cancellation = new CancellationScope();
    const cut = () => cancellation.cancel(signal.reason);
    const decision = question({ timeout: control.timeout, cancellation });
    if (!(decision instanceof Promise)) return decision;
    // A rule may have aborted it while it was asked.
    if (signal.aborted) cut();
    signal.addEventListener("abort", cut);
    return decision.finally(() => signal.removeEventListener("abort", cut));
  }
}

function describeEntry({ rule, concurrent, objects }: ActionRule) {
  return { rule: describeTree(rule), ...(concurrent && { concurrent }), ...(objects && { objects }) };
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

/**
 * Puts the rules of a server together. The trees are built and compiled here, once; what is written wrongly is found here.
 *
 * @param options `connect`, `permissions`, `actions` (name to rule, or to `{ rule, concurrent, objects }`),
 *   `timeout` (milliseconds per question), `unknownAction`.
 * @returns A policy: `connect`, `authorize`, `authorizeObject`, `describe`.
 * @throws {PermissionMisuse} When neither `permissions` nor `actions` is given, or something in it is no rule.
 * @example
 * ```ts
 * import { AllowAny, definePolicy, IsAuthenticated } from "@portcullis/core";
 * const policy = definePolicy({
 *   connect: AllowAny,
 *   actions: { ping: AllowAny, "chat.send": IsAuthenticated },
 * });
 * const consumer = { id: "1", transport: "none", raw: undefined, close() {} };
 * console.assert(policy.authorize({ user: null }, consumer, "chat.send").code === "not_authenticated");
 * ```
 */
export const definePolicy: PolicyFactory = (options: PolicyOptions<unknown, unknown, unknown>) =>
  new PolicyEngine(buildRules(options)) as never;

/**
 * The engine behind a policy or a consumer, also one that another copy of this package made.
 *
 * @throws {PermissionMisuse} When the value is no policy.
 */
export function engineOf(policy: unknown, place: string): PolicyEngine {
  if (typeof policy === "object" && policy !== null) {
    const engine: unknown = "engine" in policy ? policy.engine : policy;
    if (typeof engine === "object" && engine !== null && "rules" in engine && "decide" in engine)
      return engine as PolicyEngine;
  }
  throw new PermissionMisuse(`${place} got ${show(policy)} as its policy: give what definePolicy({ ... }) returned`);
}
