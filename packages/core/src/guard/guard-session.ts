import type { Decision } from "../decision/decision-types.js";
import type { AnyName, AskedName } from "../policy/policy-types.js";
import type { Consumer, Payload, Scope } from "../types.js";

/** Options of a check inside a handler. */
export interface CheckOptions {
  /** The object of the action. When the key is present, even with `undefined`, the rule is evaluated for the object. */
  readonly object?: unknown;
}

/** The state of the identity behind a connection. */
export interface SessionIdentity {
  /**
   * `valid`: messages are decided. `pending`: a new authentication is under way, and messages wait for it. `expired`: they
   * are refused until a renewal. `ended`: the connection has ended.
   */
  readonly state: "valid" | "pending" | "expired" | "ended";
  /** Counts the changes of the authorization. */
  readonly epoch: number;
  /** The names of the connection for revocations: those of `identify`, then the id of the session. */
  readonly subjects: readonly string[];
  /** Milliseconds since the epoch of Unix; `undefined` for an identity that does not expire. */
  readonly expiresAt: number | undefined;
  /** Start of the last authentication that was accepted, in milliseconds since the epoch of Unix. */
  readonly authenticatedAt: number;
  /** Start of the last authentication that was no renewal, in milliseconds since the epoch of Unix. */
  readonly revalidatedAt: number;
}

/**
 * One guarded connection, for checks inside a handler. `S` is its scope, `N` the names of the actions that its policy had
 * when the guard was made.
 */
export interface GuardSession<S = Scope, N extends string = string> {
  readonly id: string;
  /** The scope of the connection. `refresh()` replaces it. */
  readonly scope: S;
  readonly consumer: Consumer;
  /** Aborted when the connection has ended. */
  readonly signal: AbortSignal;
  /** True when the connection has ended. No message of it reaches a handler any more. */
  readonly isEnded: boolean;
  /** The state of the identity; `undefined` without the option `continuity`. */
  readonly identity: SessionIdentity | undefined;
  /**
   * Evaluates the policy. Never throws, never rejects.
   *
   * @param action The name of the action. A literal must be a name of the policy; a value of type `string` may be any.
   * @param payload Default: an empty object.
   * @returns The decision; a promise of it only when a rule answers asynchronously. A decision is truthy, whatever its
   *   outcome.
   */
  decide<Q extends AnyName<N>>(
    action: AskedName<N, Q>,
    payload?: Payload,
    options?: CheckOptions,
  ): Decision | Promise<Decision>;
  /**
   * Evaluates the policy. Never rejects.
   *
   * @param action As for `decide`.
   * @param payload Default: an empty object.
   * @returns A promise of true when it allows, otherwise of false.
   */
  can<Q extends AnyName<N>>(action: AskedName<N, Q>, payload?: Payload, options?: CheckOptions): Promise<boolean>;
  /**
   * Evaluates the policy, and ends a handler that awaits the result when the policy does not allow.
   *
   * @param action As for `decide`.
   * @param payload Default: an empty object.
   * @returns A promise without a value, to be awaited. An unawaited rejection does not end the process. It is printed
   *   once, and a `serve` handler with one is refused.
   * @throws {PermissionDenied} Rejects with it when the policy does not allow.
   */
  authorize<Q extends AnyName<N>>(action: AskedName<N, Q>, payload?: Payload, options?: CheckOptions): Promise<void>;
  /**
   * Runs `authenticate` and the connect rules again. The next message gets the new scope. A refused client is
   * disconnected. Of several concurrent calls, the last one started sets the scope.
   *
   * @returns The connect decision.
   */
  refresh(): Promise<Decision>;
  /**
   * Ends the connection. Queued messages are dropped.
   *
   * @param code A close code of RFC 6455. Default 1000.
   */
  close(code?: number, reason?: string): void;
}

/** A session, as its guard uses it. */
export interface OpenSession extends GuardSession {
  /** Stops accepting messages, and calls back once the accepted ones are processed. */
  drain(whenDrained: () => void, withHandlers?: boolean): void;
  /** Calls back once the connection is gone. */
  whenGone(callback: () => void): void;
}
