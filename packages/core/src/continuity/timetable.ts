import type { IdentityState } from "./identity-state.js";
import type { ReadContinuityOptions } from "./options.js";

/** The parts of a lease that its next time depends on. */
interface Timed {
  readonly state: IdentityState;
  readonly isRenewing: boolean;
  readonly heldUntil: number;
}

/** The time at which something of a lease is due next; `Infinity` where nothing is. */
export function nextDue(lease: Timed, options: ReadContinuityOptions): number {
  const { revalidateAt, retryAt } = lease.state;
  return Math.min(revalidateAt, retryAt, nextOfIdentity(lease, options), nextOfTruth(lease.state, options));
}

function nextOfIdentity({ state, isRenewing, heldUntil }: Timed, { grace }: ReadContinuityOptions): number {
  const { expiry, isExpired, isWarned, warnAt, isToldExpired, expiredAt } = state;
  if (expiry === undefined) return Number.POSITIVE_INFINITY;
  if (!isExpired) return isWarned ? expiry.due : warnAt;
  if (!isToldExpired) return expiredAt;
  return Math.max(expiredAt + grace, isRenewing ? heldUntil : 0);
}

/** The times at which a revalidation without an answer makes the connection wait, and ends it. */
function nextOfTruth({ overdueAt, pendingSince }: IdentityState, { revalidate }: ReadContinuityOptions): number {
  return pendingSince === undefined ? overdueAt : overdueAt + (revalidate?.grace ?? 0);
}
