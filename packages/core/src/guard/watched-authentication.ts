import type { Decision } from "../decision/decision-types.js";
import type { Scope } from "../types.js";

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
