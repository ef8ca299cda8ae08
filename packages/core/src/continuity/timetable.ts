import type { IdentityState } from "./identity-state.js";
import type { ReadContinuityOptions } from "./options.js";

/** The parts of a lease that its next time depends on. */
interface Timed extends Readonly<Pick<IdentityState, "expiry" | "revalidateAt" | "overdueAt" | "isPending">> {
  /** The time of the next question after a fault. */
  readonly retryAt: number | undefined;
  /** The time until which a renewal that is under way holds the end back; 0 without one. */
  readonly heldUntil: number;
}

const NEVER = Number.POSITIVE_INFINITY;

/** The time at which something of a lease is due next; `Infinity` where nothing is. */
export function nextDue(lease: Timed, options: ReadContinuityOptions): number {
  const { revalidateAt = NEVER, retryAt = NEVER } = lease;
  return Math.min(revalidateAt, retryAt, nextOfIdentity(lease, options), nextOfTruth(lease, options));
}

function nextOfIdentity({ expiry, heldUntil }: Timed, { grace }: ReadContinuityOptions): number {
  if (expiry === undefined) return NEVER;
  const { due, warnAt, passedAt, isTold } = expiry;
  if (passedAt === undefined) return warnAt ?? due;
  return isTold ? Math.max(passedAt + grace, heldUntil) : passedAt;
}

/** The times at which a revalidation without an answer makes the connection wait, and ends it. */
function nextOfTruth({ overdueAt = NEVER, isPending }: Timed, { revalidate }: ReadContinuityOptions): number {
  return isPending ? overdueAt + (revalidate?.grace ?? 0) : overdueAt;
}
