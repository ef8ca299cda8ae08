import type { SessionIdentity } from "../guard/guard-session.js";
import { readClock } from "../util/clock.js";
import type { AuthenticationWatch } from "./authentication-watch.js";
import { Expiry } from "./expiry.js";
import { ANONYMOUS_IDENTITY } from "./identity.js";
import type { ReadContinuityOptions } from "./options.js";

/**
 * The identity of one connection: its state, its epoch, and its times in those of `readClock()`. The times of an idle
 * connection are whole milliseconds, because V8 keeps a small integer in its object, and a fraction in 16 bytes beside it.
 */
export abstract class IdentityState {
  /** Counts the changes of the authorization. A decision of an earlier epoch is not acted on. */
  epoch = 0;
  /** The names that `identify` gave. */
  names = ANONYMOUS_IDENTITY.subjects;
  expiry: Expiry | undefined;
  /** True when the authorization has ended for ever. The transport may still be open. */
  isRevoked = false;
  /** True while a new authentication is needed, and not there. */
  isPending = false;
  /** The begin of the last authentication that was no renewal. */
  revalidatedAt = 0;
  /** The time from which on the next revalidation is due; `undefined` once it was asked for. */
  revalidateAt: number | undefined;
  /** The time after which the last authentication is too old; `undefined` where it is not revalidated. */
  overdueAt: number | undefined;

  /** The principal: the first subject that `identify` gave. */
  get principal(): string | undefined {
    return this.names[0];
  }

  /** True once the end of the identity was noticed. */
  get isExpired(): boolean {
    return this.expiry?.passedAt !== undefined;
  }

  /** Notices the times that have passed, whether or not a timer has fired. */
  protected notice(): void {
    const expiry = this.isExpired ? undefined : this.expiry;
    const overdueAt = this.isPending ? undefined : this.overdueAt;
    // Reading a clock takes as long as a decision.
    if (expiry === undefined && overdueAt === undefined) return;
    const now = readClock();
    if (isReached(overdueAt, now)) this.becomePending();
    if (!expiry?.isOver(now)) return;
    expiry.passedAt = Math.min(expiry.due, now);
    this.epoch += 1;
  }

  get state(): SessionIdentity["state"] {
    if (this.isRevoked) return "ended";
    this.notice();
    if (this.isExpired) return "expired";
    return this.isPending ? "pending" : "valid";
  }

  /** A new authentication is needed. */
  protected becomePending(): void {
    if (this.isPending) return;
    this.isPending = true;
    this.epoch += 1;
  }

  /** Ends the authorization for ever. */
  protected revoke(): void {
    if (this.isRevoked) return;
    this.isRevoked = true;
    this.epoch += 1;
  }

  /**
   * Takes an identity over.
   *
   * @param isTruth False for a renewal, which proves a token and not what the application has written.
   */
  protected settle({ identity, beganAt }: AuthenticationWatch, options: ReadContinuityOptions, isTruth: boolean): void {
    const { subjects, expiresAt } = identity;
    this.epoch += 1;
    this.names = subjects;
    this.expiry = expiresAt === undefined ? undefined : new Expiry(expiresAt, options.warnBefore);
    this.isPending = false;
    if (!isTruth) return;
    const began = Math.floor(beganAt);
    this.revalidatedAt = began;
    const every = options.revalidate?.every;
    if (every === undefined) return;
    this.revalidateAt = Math.floor(began + every * (0.8 + Math.random() / 10));
    this.overdueAt = Math.floor(began + every);
  }
}

/** True when a time has passed. */
export function isReached(time: number | undefined, now: number): boolean {
  return time !== undefined && now >= time;
}
