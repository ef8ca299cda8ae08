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
  PermissionLike,
  ScopeOf,
} from "../rules/infer.js";
import type { Consumer, Payload, Scope, StandardSchema } from "../types.js";

/** The session of a message, as its handler sees it. */
export type HandlerSession = Readonly<GuardSession>;

/**
 * The argument of a handler. `S` is the scope, `I` the payload, `E` the evidence, `O` the loaded object.
 *
 * `decide`, `can` and `authorize` are those of the session. A check with an object and about the action that runs is the
 * check that a rule which knows objects waits for: only questions that the message was not asked are asked, with the
 * payload of this message where none is given. Where `authorize` refuses such an object, the message is answered with that
 * refusal even if the handler goes on; where `can` or `decide` does, the answer is the handler's choice.
 */
export interface HandlerContext<out S = Scope, out I = Payload, out E = unknown, out O = unknown>
  extends Pick<GuardSession, "decide" | "can" | "authorize"> {
  /** The scope the message was decided with; narrowed to the guarantees of the rules that allowed. */
  readonly scope: S;
  readonly consumer: Consumer;
  readonly session: HandlerSession;
  readonly action: string;
  /** The payload of the client, as `input` parsed it. */
  readonly payload: I;
  /** The evidence of the rules that allowed. */
  readonly evidence: E;
  /** The object that `object` has loaded, allowed by the rule. */
  readonly object: O;
  /** Aborted when the connection has ended. */
  readonly signal: AbortSignal;
  /**
   * Sends a reply. The first one is the answer, in place of the return value; it may be called again until the
   * connection ends, as subscriptions need, and does nothing after that.
   */
  readonly reply: (data: unknown, options?: ReplyOptions) => void;
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
   * Any Standard Schema. Runs after `permissions`, which see the payload as it came, and before the rule, which sees the
   * parsed one, as the loader of the object and the handler do.
   */
  readonly input?: StandardSchema<unknown, I>;
  /** Loads the object of the action: the rule is asked about it before the handler runs. Nothing found is a 404. */
  readonly object?: (context: LoadContext<S, I>) => F;
  /** Lets the next message begin before this one has ended. */
  readonly concurrent?: boolean;
  /** Says that the handler checks the object itself, by `session.authorize`, where the rule only knows objects. */
  readonly objects?: "checked-by-handler";
}

/** What the type of a consumer knows of one action. */
export interface ActionTypes {
  readonly rule: PermissionLike;
  readonly payload: unknown;
  readonly object: unknown;
}

type NarrowedBy<S, L> = [L] extends [never] ? S : NarrowedScope<S, L>;
type NeedsOf<L> = [L] extends [never] ? unknown : ScopeOf<L>;
type EvidenceBy<L> = [L] extends [never] ? unknown : EvidenceOf<L>;
type Known<E> = unknown extends E ? Readonly<Record<string, unknown>> : E;
type Loaded<F> = [F] extends [undefined] ? undefined : NonNullable<Awaited<F>>;

/** The scope behind the permissions `P` and the rule `R`: that of the server, else what the rules need. */
type HandlerScope<B, P, R> = NarrowedBy<NarrowedBy<[B] extends [never] ? Scope & NeedsOf<P> & NeedsOf<R> : B, P>, R>;

/** A handler behind the permissions `P` and the rule `R`. */
export type Handler<B, P, R, I, O> = (
  context: HandlerContext<HandlerScope<B, P, R>, I, Known<EvidenceBy<P> & EvidenceBy<R>>, O>,
) => unknown;

type Both<P, L extends PermissionLike> = [P] extends [never]
  ? L
  : P extends PermissionLike
    ? And<readonly [P, L]>
    : never;
type RulesOf<A extends Record<string, ActionTypes>> = { [K in keyof A]: A[K]["rule"] }[keyof A];

/**
 * Rules with handlers, the same on every transport. Immutable: every method returns a new one, so that a base can be
 * extended. A rule is never lost by that: `connect` and `permissions` said twice must both pass, and `handler` replaces
 * a handler behind the rule it had.
 *
 * `B` is the scope of the server (`never` where it follows from the rules), `N` what the rules need of it, `C` and `P`
 * the rules of `connect` and `permissions`, `A` the actions.
 */
export interface ConsumerDefinition<B, N, C, P, A extends Record<string, ActionTypes>>
  extends ServableConsumer<[B] extends [never] ? N : B> {
  /** The same rules without the handlers. */
  readonly policy: Policy<
    [B] extends [never] ? N : B,
    { readonly [K in keyof A]: MaybeLater<AsyncOf<P> | AsyncOf<A[K]["rule"]>> },
    MaybeLater<AsyncOf<P> | AsyncOf<RulesOf<A>>>,
    MaybeLater<AsyncOf<P> | AsyncOf<C>>
  >;
  /** Says who may open a connection. Without it, whoever `permissions` does not refuse. */
  connect<const L extends PermissionLike>(
    rule: L & CheckScope<B, L>,
  ): ConsumerDefinition<B, N & ScopeOf<L>, Both<C, L>, P, A>;
  /** Asked of every action, beside its own rule; its `canConnect` at connect. */
  permissions<const L extends PermissionLike>(
    rule: L & CheckScope<B, L>,
  ): ConsumerDefinition<B, N & ScopeOf<L>, C, Both<P, L>, A>;
  /** Adds an action. What the handler returns is the reply. */
  action<const K extends string, const R extends PermissionLike>(
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
  action<const K extends string, const R extends PermissionLike, I extends object = Payload, F = undefined>(
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
  /** Milliseconds per question; 5,000 each by default. */
  timeout(timeouts: Timeouts): ConsumerDefinition<B, N, C, P, A>;
  /**
   * `"deny"` hides which actions there are: an unknown one is `not_authenticated` (401) to a client without a user and
   * `permission_denied` (403) to all others. So is, to a client without a user, a payload that does not fit.
   */
  unknownAction(answer: "deny"): ConsumerDefinition<B, N, C, P, A>;
}

/** The spelling of `defineConsumer`, for any scope or for one. */
export type ConsumerFactory<B = never> = () => ConsumerDefinition<B, unknown, never, never, Record<never, never>>;
