import type { Decision } from "../decision/decision-types.js";
import type { PolicyEngine } from "../policy/policy-engine.js";
import type { MaybePromise, Scope } from "../types.js";
import type { GuardSession, OpenSession } from "./guard-session.js";
import type { Connection } from "./session/connection.js";
import type { ConnectionConsumer } from "./session/connection-consumer.js";

/** One authentication of a client, watched for revocations that come while it is under way. */
export interface WatchedAuthentication {
  /** The identity that {@link identify} has read. */
  readonly identity: { readonly subjects: readonly string[] };
  /**
   * Authenticates and asks the connect rules, again where a revocation about the client has come meanwhile.
   *
   * @param ask Runs `authenticate` and the connect rules once.
   */
  run(ask: () => Decision | Promise<Decision>): Decision | Promise<Decision>;
  /** Reads the identity of a scope. Returns the refusal of one that is invalid or has expired. */
  identify(scope: Scope): Decision | undefined;
  /** Ends the watch. A second call changes nothing. */
  end(): void;
}

/** The parts of an admitted connection. */
export interface AdmittedConnection {
  readonly connection: Connection<never>;
  readonly scope: Scope;
  readonly consumer: ConnectionConsumer;
  readonly watched: WatchedAuthentication;
}

/** The continuity of one guard. */
export interface ContinuityHook {
  /** The revocations that it hears: the end of their sequence, and whether they can be read. */
  readonly options: {
    readonly revocations:
      | { readonly recent: { readonly end: object }; readonly gauges: { readonly failures: number } }
      | undefined;
  };
  watch(): WatchedAuthentication;
  /** Opens the session of an admitted connection. */
  open(admitted: AdmittedConnection): OpenSession;
  /**
   * Checks rules that are about to be used.
   *
   * @throws {PermissionMisuse} When they name the action of renewals.
   */
  check(engine: PolicyEngine): void;
  /** The guard is closed. */
  close(): void;
}

/** The names and the end of the identity behind a connection. */
export interface Identity {
  /**
   * The names by which a revocation addresses the connection, as in `["user:42", "session:8f3", "tenant:7"]`. The first
   * is the principal, which an authentication of the open connection must not change. Left out for a guest.
   */
  readonly subjects?: readonly string[] | undefined;
  /** Milliseconds since the epoch of Unix. Default: the identity does not expire. */
  readonly expiresAt?: number | undefined;
}

/** Reads the identity from a scope. Nothing means anonymous. `S` is the scope that it reads. */
export type Identify<S = Scope> = (scope: S) => Identity | null | undefined | false | "" | 0;

/** Called when the scope of a session was replaced. `S` is the scope. */
export type OnScope<S = Scope> = (session: GuardSession<S>, previous: S) => MaybePromise<void>;

/** The result of `continuity()`, for the option `continuity` of a guard. */
export interface Continuity {
  /** The action by which clients renew over the open connection, for which a codec needs `reply`. */
  readonly "~renews": string | undefined;
  /** Attaches to the runtime of one guard. */
  readonly "~attach": (runtime: object) => ContinuityHook;
}
