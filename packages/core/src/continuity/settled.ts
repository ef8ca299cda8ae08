import type { OpenSession } from "../guard/guard-session.js";
import type { ContinuousSession } from "./continuous-session.js";

/**
 * True when the authorization of a session was in force as far as its guard knew, also after the session has ended: no
 * new authentication was asked for and not answered, and no end was noticed.
 */
export function isSettled(session: OpenSession): boolean {
  const { lease } = session as Partial<ContinuousSession>;
  return lease === undefined || (!lease.isPending && !lease.isExpired);
}
