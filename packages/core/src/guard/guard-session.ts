import type { Decision } from "../decision/decision-types.js";
import type { CancellationScope } from "../engine/cancellation.js";
import type { AnyName, AskedName } from "../policy/policy-types.js";
import type { Consumer, Payload, Scope } from "../types.js";

/** Options of a check inside a handler. */
export interface CheckOptions {
  /** The object of the action. When the key is present, even with `undefined`, the rule is evaluated for the object. */
  readonly object?: unknown;
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

/** A session, as the dispatch of a message uses it. */
export interface DispatchSession extends GuardSession {
  readonly cancellation: CancellationScope;
  /** Marks a message whose object is being loaded. A drain waits for its `endObject`. */
  beginObject(): void;
  endObject(): void;
}
