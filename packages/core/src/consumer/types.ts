import type { ServableConsumer } from "../guard/dispatch.js";
import type { GuardSession } from "../guard/guard-session.js";
import type { ReplyOptions } from "../guard/session/connection.js";
import type { Timeouts } from "../policy/options.js";
import type { Policy } from "../policy/policy-types.js";
import type {
  And,
  AsyncOf,
  CheckScope,
  EvidenceOf,
  MaybeLater,
  NarrowedScope,
  OperandFor,
  ScopeOf,
} from "../rules/infer.js";
import type { Consumer, Payload, Scope, StandardSchema } from "../types.js";

/** The session of a message, as its handler gets it. */
export type HandlerSession = Readonly<GuardSession>;

/**
 * The argument of a handler. `S` is the scope, `I` the payload, `E` the evidence, `O` the loaded object.
 *
 * `decide`, `can` and `authorize` are those of the session. Called with an object and the action of this message, they
 * are the check that a rule with object hooks requires. Such a check asks only hooks that the message has not answered
 * yet. Its payload is that of the message by default. When `authorize` refuses the object, the message is answered with
 * that refusal even if the handler continues. When `can` or `decide` refuses it, the handler chooses the answer.
 */
export interface HandlerContext<out S = Scope, out I = Payload, out E = unknown, out O = unknown>
  extends Pick<GuardSession, "decide" | "can" | "authorize"> {
  /** The scope of the decision, narrowed by the guarantees of the rules that allowed. */
  readonly scope: S;
  readonly consumer: Consumer;
  readonly session: HandlerSession;
  readonly action: string;
  /** The payload of the client, as `input` parsed it. */
  readonly payload: I;
  /** The evidence of the rules that allowed. */
  readonly evidence: E;
  /** The loaded object, which the rule has allowed. */
  readonly object: O;
  /** Aborted when the connection has ended. */
  readonly signal: AbortSignal;
  /**
   * Sends a reply. The first one is the answer, instead of the return value. Further calls send more replies, as
   * subscriptions need, until the connection ends.
   */
  readonly reply: (data: unknown, options?: ReplyOptions) => void;
  /**
   * Asks again about this message where the authorization of the connection has changed since it was decided, for a
   * handler that has awaited something. Only the option `continuity` changes it.
   *
   * @returns A promise without a value, to be awaited.
   * @throws {PermissionDenied} Rejects with it when the message is not allowed any more.
   */
  readonly reauthorize: () => Promise<void>;
}

/** The argument of an `object` loader. */
export interface LoadContext<out S = Scope, out I = Payload> {
  readonly scope: S;
  readonly consumer: Consumer;
  readonly action: string;
  readonly payload: I;
  /** Aborted when the deadline has passed or the connection has ended. */
  readonly signal: AbortSignal;
}

/** Options of an action. */
export interface ActionOptions<S, I, F> {
  /**
   * Any Standard Schema. Runs after `permissions`, which get the payload as it arrived, and before the rule, the loader
   * of the object and the handler, which get the parsed one.
   */
  readonly input?: StandardSchema<unknown, I>;
  /**
   * Loads the object of the action. The rule is evaluated for it before the handler runs. `undefined` and `null` are
   * refused with 404.
   */
  readonly object?: (context: LoadContext<S, I>) => F;
  /** True when the next message may begin before this one has ended. */
  readonly concurrent?: boolean;
  /**
   * Declares that the handler checks the object itself, by `session.authorize`. Needed when the rule only answers the
   * object phase.
   */
  readonly objects?: "checked-by-handler";
}

/** The types of one action of a consumer. */
export interface ActionTypes {
  readonly rule: OperandFor;
  readonly payload: unknown;
  readonly object: unknown;
}

type NarrowedBy<S, L> = [L] extends [never] ? S : NarrowedScope<S, L>;
type NeedsOf<L> = [L] extends [never] ? unknown : ScopeOf<L>;
type EvidenceBy<L> = [L] extends [never] ? unknown : EvidenceOf<L>;
type Known<E> = unknown extends E ? Readonly<Record<string, unknown>> : E;
type Loaded<F> = [F] extends [undefined] ? undefined : NonNullable<Awaited<F>>;

/**
 * The scope behind the permissions `P` and the rule `R`, based on the scope of the server, otherwise on the needs of
 * the rules.
 */
type HandlerScope<B, P, R> = NarrowedBy<NarrowedBy<[B] extends [never] ? Scope & NeedsOf<P> & NeedsOf<R> : B, P>, R>;

/** A handler behind the permissions `P` and the rule `R`. */
export type Handler<B, P, R, I, O> = (
  context: HandlerContext<HandlerScope<B, P, R>, I, Known<EvidenceBy<P> & EvidenceBy<R>>, O>,
) => unknown;

type Both<P, L extends OperandFor> = [P] extends [never] ? L : P extends OperandFor ? And<readonly [P, L]> : never;
type RulesOf<A extends Record<string, ActionTypes>> = { [K in keyof A]: A[K]["rule"] }[keyof A];

/**
 * Rules with handlers, the same on every transport. Immutable: every method returns a new consumer, so that a base can
 * be extended. Extending never removes a rule. All rules of repeated `connect` or `permissions` calls must pass, and
 * `handler` keeps the rule of its action.
 *
 * `B` is the scope of the server (`never` when it follows from the rules), `N` the needs of the rules, `C` and `P` the
 * rules of `connect` and `permissions`, `A` the actions.
 */
export interface ConsumerDefinition<B, N, C, P, A extends Record<string, ActionTypes>>
  extends ServableConsumer<[B] extends [never] ? N : B, keyof A & string> {
  /** The same rules without the handlers. */
  readonly policy: Policy<
    [B] extends [never] ? N : B,
    { readonly [K in keyof A]: MaybeLater<AsyncOf<P> | AsyncOf<A[K]["rule"]>> },
    MaybeLater<AsyncOf<P> | AsyncOf<RulesOf<A>>>,
    MaybeLater<AsyncOf<P> | AsyncOf<C>>
  >;
  /** Adds a rule of the connect phase. Default: every client that `permissions` does not refuse may connect. */
  connect<const L extends OperandFor>(
    rule: L & CheckScope<B, L>,
  ): ConsumerDefinition<B, N & ScopeOf<L>, Both<C, L>, P, A>;
  /**
   * Adds a rule that is evaluated for every action, in addition to its own rule. Its `canConnect` is evaluated in the
   * connect phase.
   */
  permissions<const L extends OperandFor>(
    rule: L & CheckScope<B, L>,
  ): ConsumerDefinition<B, N & ScopeOf<L>, C, Both<P, L>, A>;
  /** Adds an action. The return value of the handler is the reply. */
  action<const K extends string, const R extends OperandFor>(
    name: K,
    rule: R & CheckScope<B, R>,
    handler: Handler<B, P, R, Payload, undefined>,
  ): ConsumerDefinition<
    B,
    N & ScopeOf<R>,
    C,
    P,
    A & Record<K, { readonly rule: R; readonly payload: Payload; readonly object: undefined }>
  >;
  action<const K extends string, const R extends OperandFor, I extends object = Payload, F = undefined>(
    name: K,
    rule: R & CheckScope<B, R>,
    options: ActionOptions<HandlerScope<B, P, R>, I, F>,
    handler: Handler<B, P, R, I, Loaded<F>>,
  ): ConsumerDefinition<
    B,
    N & ScopeOf<R>,
    C,
    P,
    A & Record<K, { readonly rule: R; readonly payload: I; readonly object: Loaded<F> }>
  >;
  /** Replaces the handler of an action. Its rule and its options stay. */
  handler<const K extends keyof A & string>(
    name: K,
    handler: Handler<B, P, A[K]["rule"], A[K]["payload"], A[K]["object"]>,
  ): ConsumerDefinition<B, N, C, P, A>;
  /** Deadlines of the phases in milliseconds. Default 5,000 each. */
  timeout(timeouts: Timeouts): ConsumerDefinition<B, N, C, P, A>;
  /**
   * `"deny"` hides the names of the actions. An unknown action is refused with `not_authenticated` (401) for a client
   * without a user, and with `permission_denied` (403) for all others. An invalid payload of a client without a user is
   * refused with `not_authenticated` too.
   */
  unknownAction(answer: "deny"): ConsumerDefinition<B, N, C, P, A>;
}

/** The signature of `defineConsumer`, for any scope or for a bound one. */
export type ConsumerFactory<B = never> = () => ConsumerDefinition<B, unknown, never, never, Record<never, never>>;
