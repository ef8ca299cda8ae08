import type { Scope } from "../types.js";

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
