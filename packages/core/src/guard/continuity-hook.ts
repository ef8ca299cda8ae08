import type { PolicyEngine } from "../policy/policy-engine.js";
import type { MaybePromise, Scope } from "../types.js";
import type { GuardSession, OpenSession } from "./guard-session.js";
import type { Connection } from "./session/connection.js";
import type { ConnectionConsumer } from "./session/connection-consumer.js";
import type { WatchedAuthentication } from "./watched-authentication.js";

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
  /** Closes the connections whose authorization has ended, and which wait for their turn. Returns them. */
  closeEnded(): readonly Pick<OpenSession, "whenGone">[];
  /** The guard is closed. */
  close(): void;
}

/** Called when the scope of a session was replaced. `S` is the scope. */
export type OnScope<S = Scope> = (session: GuardSession<S>, previous: S) => MaybePromise<void>;

/** The result of `continuity()`, for the option `continuity` of a guard. */
export interface Continuity {
  /** The action by which clients renew over the open connection, for which a codec needs `reply`. */
  readonly "~renews": string | undefined;
  /** Attaches to the runtime of one guard. */
  readonly "~attach": (runtime: object) => ContinuityHook;
}
