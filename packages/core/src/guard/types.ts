import type { DescribedPolicy, Policy, PolicyTypes } from "../policy/policy-types.js";
import type { CheckRoles, ReadsUser } from "../rules/user-types.js";
import type { MaybePromise, Scope } from "../types.js";
import type { GuardSession } from "./guard-session.js";

/**
 * The guard of a server. `Socket` is the transport's type of a connection, `P` and `O` are the arguments of `replace`,
 * `S` is the scope of its sessions, `N` are the names of the actions that they may be asked about.
 */
export interface GuardOf<Socket, P = Policy, S = Scope, N extends string = string, O = object> {
  /** The open connections. */
  readonly sessions: ReadonlySet<GuardSession<S, N>>;
  /**
   * Returns the session of a socket.
   *
   * @throws {PermissionMisuse} When this guard has not admitted the socket. `findSession` returns `undefined` then.
   */
  sessionOf(socket: Socket): GuardSession<S, N>;
  /** Returns the session of a socket; `undefined` when this guard has not admitted it. */
  findSession(socket: Socket): GuardSession<S, N> | undefined;
  /**
   * Replaces the rules, and options. Running decisions finish with the old ones. Open connections stay open, with the
   * scope that they have: `refresh()` of a session runs the new `authenticate` and the new connect rules.
   *
   * @param options The options to replace: `authenticate`, `origins`, `timeout`, `onDecision`, `trace`, `hints`. The
   *   others stay, also those that are `undefined`.
   * @throws {PermissionMisuse} When the rules cannot be used with this guard, or an option is wrong or cannot be replaced.
   *   The old rules and options stay then.
   */
  replace(policy: P, options?: O): void;
  /** Returns a sentence for each part of the server that is not guarded. Empty when everything is guarded. */
  audit(): readonly string[];
  /**
   * Refuses new handshakes, answers the accepted messages, then closes every connection with 1001 (going away, RFC
   * 6455, section 7.4.1). The server itself stays as it is.
   *
   * @returns A promise that resolves when all connections are gone and their clients have all answers, after at most
   *   twice `limits.drain`.
   */
  close(): Promise<void>;
}

/** A policy whose rules need no more than the scope `S`. `N` are the names of its actions. */
export interface PolicyFor<in S, N extends string = string> {
  readonly "~types"?: PolicyTypes<S, N>;
  describe(): DescribedPolicy;
}

/** The properties of the scope that rules need beyond `Base`, which every handshake has. */
export type Needed<S, Base = Scope> = {
  [K in keyof S as K extends keyof Base ? ([Base[K]] extends [S[K]] ? never : K) : K]: S[K];
};

/**
 * The type of `authenticate`. Excludes results with a promise among their values, because a promise that was not
 * awaited is no user.
 */
export type Authenticate<Input extends readonly unknown[], Extra> = ((...input: Input) => MaybePromise<Extra>) &
  ((...input: Input) => MaybePromise<Settled<Extra>>);

type Settled<Extra> = Extra extends object ? { readonly [K in keyof Extra]: NotThenable<Extra[K]> } : Extra;

type NotThenable<Value> = Value extends { then: (...input: never) => unknown }
  ? "await the promise: authenticate returns its value"
  : Value;

/** The result of `authenticate` when rules need the scope `S`. Returning nothing means `{ user: null }`. */
export type Authenticated<S, Base = Scope> = [keyof Needed<S, Base>] extends [never]
  ? unknown
  : Needed<S, Base> | NothingFor<Needed<S, Base>>;

type NothingFor<N> = { readonly user: null } extends N ? undefined | null : never;

/** The scope behind an `authenticate` that returns `Extra`. */
export type ScopeWith<Extra, Base = Scope> = Base & (unknown extends Extra ? unknown : AddedBy<Extra>);

/**
 * The scope that the options beside `authenticate` get. It is `any` until the compiler has inferred `Extra`, because it
 * compares a function with annotated parameters before that, and every annotation has to fit.
 */
// biome-ignore lint/suspicious/noExplicitAny: only `any` fits an annotation, and has the properties of a scope as well.
export type LaterScope<Extra, Base = Scope> = unknown extends Extra ? any : ScopeWith<Extra, Base>;

type AddedBy<Extra> = Extra extends object ? Extra : { readonly user: null };

/**
 * The options beside a policy whose rules need the scope `S`, with an `authenticate` that returns `Extra`. It is required
 * when the rules need more scope than every handshake has.
 *
 * `Options` is no part of a conditional type. TypeScript would take the default of `Extra` there, and the options behind
 * `authenticate` would not get the scope that it makes.
 */
export type OptionsFor<S, Extra, Options extends { authenticate?: unknown }, Base = Scope> =
  | (CheckedOptions<S, Extra, Base> & Options & (NeedsNothing<S, Base> extends true ? unknown : WithAuthenticate))
  | (NeedsNothing<S, Base> extends true ? undefined : never);

type NeedsNothing<S, Base> = [keyof Needed<S, Base>] extends [never] ? true : false;

interface WithAuthenticate {
  readonly authenticate: NonNullable<unknown>;
}

interface CheckedOptions<S, Extra, Base> {
  readonly authenticate?: CheckUser<S, Extra, Base> & Returning<Authenticated<S, Base>>;
}

// A condition, so that the compiler knows `S` where it infers a returned literal.
type Returning<R> = [R] extends [never] ? unknown : (...input: never) => MaybePromise<R>;

/** The last line about a policy whose type says nothing of its scope: `S` is then `never`, and no scope fits. */
type UnknownScope = "write Policy<Scope & { user: User | null }>, or leave the type out: Policy alone names no scope";

/**
 * `unknown`, or a type that ends the compiler's message with what `authenticate` has to return. Assignability alone finds
 * no mistake, because the rules accept any user.
 */
type CheckUser<S, Extra, Base> = [S] extends [never]
  ? UnknownScope
  : unknown extends Extra
    ? unknown
    : [Extract<Extra, object>] extends [never]
      ? [Extra] extends [null | undefined]
        ? unknown
        : MissingUser<S, Base>
      : [UserIn<Extra>] extends [never]
        ? MissingUser<S, Base>
        : [Extract<UserIn<Extra>, PromiseLike<unknown>>] extends [never]
          ? CheckRoles<S, UserIn<Extra>>
          : unknown;

type MissingUser<S, Base> = true extends ReadsUser<S> | ("user" extends keyof Needed<S, Base> ? true : never)
  ? "return { user: ... }, or { user: null }: the rules read a user"
  : unknown;

/** The user among the properties that `authenticate` returns; `unknown` where these are not known. */
type UserIn<Extra> = Extra extends object
  ? "user" extends keyof Extra
    ? Extra["user"]
    : object extends Extra
      ? unknown
      : never
  : never;

/**
 * `unknown` when rules that need the scope `S` need no `authenticate`. Otherwise a type that ends the compiler's message
 * with what to write.
 */
export type CheckNeeds<S, Base = Scope> = [S] extends [never]
  ? UnknownScope
  : [keyof Needed<S, Base>] extends [never]
    ? unknown
    : "add { authenticate } behind it: the rules need more scope than every handshake has";
