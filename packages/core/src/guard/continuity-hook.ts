import type { Decision } from "../decision/decision-types.js";
import type { PolicyEngine } from "../policy/policy-engine.js";
import type { Consumer, Scope } from "../types.js";
import type { OpenSession } from "./guard-session.js";
import type { Connection } from "./session/connection.js";

/** One authentication of a client, watched for revocations that come while it is under way. */
export interface WatchedAuthentication {
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
  readonly consumer: Consumer;
  readonly watched: WatchedAuthentication;
}

/** The continuity of one guard. */
export interface ContinuityHook {
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

/** The result of `continuity()`, for the option `continuity` of a guard. `S` is the scope that it reads. */
export interface Continuity<in S = never> {
  readonly "~scope"?: (scope: S) => void;
  /** True when clients renew over the open connection, so that a codec needs `reply`. */
  readonly "~renews": boolean;
  /** Attaches to the runtime of one guard. */
  readonly "~attach": (runtime: object) => ContinuityHook;
}
