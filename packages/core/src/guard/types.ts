import type { Policy } from "../policy/policy-types.js";
import type { MaybePromise, Scope } from "../types.js";
import type { GuardSession } from "./guard-session.js";

/**
 * The guard of a server. `Socket` is the transport's type of a connection, `P` what `replace` takes, `S` the scope of its
 * sessions.
 */
export interface GuardOf<Socket, P = Policy, S = Scope> {
  /** The connections that are open. */
  readonly sessions: ReadonlySet<GuardSession<S>>;
  /** The session of a socket; `undefined` where it did not come through this guard. */
  sessionOf(socket: Socket): GuardSession<S> | undefined;
  /**
   * Puts other rules in force. Decisions that are under way finish under the old ones.
   *
   * @throws {PermissionMisuse} When they cannot be used here.
   */
  replace(policy: P): void;
  /** The parts that are not guarded, in sentences: empty where all is as it should be. */
  audit(): readonly string[];
  /**
   * Admits nobody any more, answers what was accepted, then closes every connection with 1001. The server itself
   * stays as it is.
   *
   * @returns A promise that resolves when all connections are gone, so that their clients have all they were answered:
   *   at the latest after twice `limits.drain`.
   */
  close(): Promise<void>;
}

/** A policy that can be asked where there is that scope. */
export type PolicyFor<S> = Pick<Policy<S>, "~types" | "describe">;

/** What rules need of the scope beyond `Base`, which every handshake has. */
export type Needed<S, Base = Scope> = {
  [K in keyof S as K extends keyof Base ? ([Base[K]] extends [S[K]] ? never : K) : K]: S[K];
};

/** Says who is there. What it returns has no promise among its values: one that was not awaited is nobody. */
export type Authenticate<Input extends readonly unknown[], Extra> = ((...input: Input) => MaybePromise<Extra>) &
  ((...input: Input) => MaybePromise<Settled<Extra>>);

type Settled<Extra> = Extra extends object ? { readonly [K in keyof Extra]: NotThenable<Extra[K]> } : Extra;

type NotThenable<Value> = Value extends { then: (...input: never) => unknown } ? never : Value;

/** What `authenticate` may return where rules need that scope. Nothing stands for `{ user: null }`. */
export type Authenticated<S, Base = Scope> = [keyof Needed<S, Base>] extends [never]
  ? unknown
  : Needed<S, Base> | NothingFor<Needed<S, Base>>;

type NothingFor<N> = { readonly user: null } extends N ? undefined | null : never;

/** The scope behind an `authenticate` that returns this. */
export type ScopeWith<Extra, Base = Scope> = Base & (unknown extends Extra ? unknown : AddedBy<Extra>);

type AddedBy<Extra> = Extra extends object ? Extra : { readonly user: null };

/** The options behind a policy: `authenticate` is required where the rules need more than every handshake has. */
export type OptionsFor<S, Options extends { authenticate?: unknown }, Base = Scope> = [keyof Needed<S, Base>] extends [
  never,
]
  ? [options?: Options]
  : [options: Options & Required<Pick<Options, "authenticate">>];
