import type { SessionIdentity } from "../guard/guard-session.js";
import { readClock } from "../util/clock.js";
import type { AuthenticationWatch } from "./authentication-watch.js";
import { Expiry } from "./expiry.js";
import type { ReadContinuityOptions } from "./options.js";

/** The identity of one connection: its state, its epoch, and its times in those of `readClock()`. */
export class IdentityState {
  /** Counts the changes of the authorization. A decision of an earlier epoch is not acted on. */
  epoch = 0;
  subjects: readonly string[] = [];
  expiry: Expiry | undefined;
  /** True once the end of the identity was noticed. */
  isExpired = false;
  /** The time of the end, or of its notice where a clock was set forward. */
  expiredAt = 0;
  /** True once the client was told of the coming end, and of the end. */
  isWarned = false;
  isToldExpired = false;
  /** True when the authorization has ended for ever. The transport may still be open. */
  isRevoked = false;
  /** The time since which a new authentication is needed, and not there. */
  pendingSince: number | undefined;
  /** The begin of the last authentication, and of the last one that was no renewal. */
  authenticatedAt = 0;
  truthAt = 0;
  warnAt = Number.POSITIVE_INFINITY;
  /** The time from which on the next revalidation is due; `Infinity` once it was asked for. */
  revalidateAt = Number.POSITIVE_INFINITY;
  /** The time from which on the truth is too old. */
  overdueAt = Number.POSITIVE_INFINITY;
  /** The time of the next question after a fault. */
  retryAt = Number.POSITIVE_INFINITY;

  /** The principal: the first subject that `identify` gave. */
  get principal(): string | undefined {
    return this.subjects.length > 1 ? this.subjects[0] : undefined;
  }

  /** True when a new authentication is needed, and none is planned. */
  get isUnsettled(): boolean {
    return this.pendingSince !== undefined && this.retryAt === Number.POSITIVE_INFINITY;
  }

  /** Notices the times that have passed, whether or not a timer has fired. */
  notice(): void {
    const now = readClock();
    if (this.pendingSince === undefined && now >= this.overdueAt) this.demand();
    if (this.isExpired || this.expiry?.isOver(now) !== true) return;
    this.isExpired = true;
    this.expiredAt = Math.min(this.expiry.due, now);
    this.epoch += 1;
  }

  get state(): SessionIdentity["state"] {
    if (this.isRevoked) return "ended";
    this.notice();
    if (this.isExpired) return "expired";
    return this.pendingSince === undefined ? "valid" : "pending";
  }

  /** Demands a new authentication. */
  demand(): void {
    if (this.pendingSince !== undefined) return;
    this.pendingSince = readClock();
    this.epoch += 1;
  }

  end(): void {
    if (this.isRevoked) return;
    this.isRevoked = true;
    this.epoch += 1;
  }

  /**
   * Takes an identity over.
   *
   * @param id The id of the session, which is a subject too.
   * @param isTruth False for a renewal, which proves a token and not what the application has written.
   */
  settle(
    { identity, beganAt }: AuthenticationWatch,
    options: ReadContinuityOptions,
    { id, isTruth = true }: Settled,
  ): void {
    const { subjects, expiresAt } = identity;
    this.epoch += 1;
    this.subjects = [...subjects, id];
    this.expiry = expiresAt === undefined ? undefined : new Expiry(expiresAt);
    this.isExpired = this.isWarned = this.isToldExpired = false;
    this.pendingSince = undefined;
    this.retryAt = Number.POSITIVE_INFINITY;
    this.authenticatedAt = beganAt;
    this.warnAt = this.expiry ? warningOf(this.expiry, options.warnBefore) : Number.POSITIVE_INFINITY;
    if (!isTruth) return;
    this.truthAt = beganAt;
    const every = options.revalidate?.every;
    if (every === undefined) return;
    this.revalidateAt = beganAt + every * (0.8 + Math.random() / 10);
    this.overdueAt = beganAt + every;
  }
}

/** The circumstances of an accepted authentication. */
export interface Settled {
  readonly id: string;
  readonly isTruth?: boolean;
}

/** The time of a warning. It is spread by a fifth, so that clients that came together do not renew together. */
function warningOf({ due }: Expiry, warnBefore: number): number {
  const left = due - readClock();
  return due - Math.min(warnBefore * (1 + Math.random() / 5), left / 5);
}
