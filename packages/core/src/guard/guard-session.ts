import type { Decision } from "../decision/decision-types.js";
import type { CancellationScope } from "../engine/cancellation.js";
import type { Consumer, Payload, Scope } from "../types.js";

/** Options of a check inside a handler. */
export interface CheckOptions {
  /** The object that the action is about. Where the key is there, the rule is asked about it, also where it is `undefined`. */
  readonly object?: unknown;
}

/** One guarded connection, for checks inside a handler. `S` is its scope. */
export interface GuardSession<S = Scope> {
  readonly id: string;
  /** The scope of the connection; another one after `refresh()`. */
  readonly scope: S;
  readonly consumer: Consumer;
  /** Aborted when the connection has ended. */
  readonly signal: AbortSignal;
  /** True when the connection has ended: no message of it reaches a handler any more. */
  readonly isEnded: boolean;
  /**
   * Asks the policy. Never throws, never rejects.
   *
   * @param payload Default: an empty object.
   * @returns The decision, at once where every rule answers at once. A decision is truthy, whatever its outcome.
   */
  decide(action: string, payload?: Payload, options?: CheckOptions): Decision | Promise<Decision>;
  /**
   * Asks the policy. Never rejects.
   *
   * @param payload Default: an empty object.
   * @returns True when it allows.
   */
  can(action: string, payload?: Payload, options?: CheckOptions): Promise<boolean>;
  /**
   * Asks the policy, and stops a handler that it refuses.
   *
   * @param payload Default: an empty object.
   * @returns A promise to be awaited. One that was not awaited ends no process.
   * @throws {PermissionDenied} Rejects with it when the policy refuses.
   */
  authorize(action: string, payload?: Payload, options?: CheckOptions): Promise<void>;
  /**
   * Runs `authenticate` and the connect rules again. The next message sees the new scope; a refused client is
   * disconnected. Of several calls at once the one that began last counts.
   *
   * @returns The connect decision.
   */
  refresh(): Promise<Decision>;
  /**
   * Ends the connection. Queued messages are dropped.
   *
   * @param code Default 1000.
   */
  close(code?: number, reason?: string): void;
}

/** A session, as the guard that opened it sees it. */
export interface OpenSession extends GuardSession {
  /** Stops taking messages, and calls back once those that were taken are through. */
  drain(whenDrained: () => void, withHandlers?: boolean): void;
  /** Calls back once the connection is gone. */
  whenGone(callback: () => void): void;
}

/** A session, as a dispatched message sees it. */
export interface DispatchSession extends GuardSession {
  readonly cancellation: CancellationScope;
  /** The handler of a message waits for its object: until `endObject` it is not handed on. */
  beginObject(): void;
  endObject(): void;
}
