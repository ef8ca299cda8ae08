import { decisionFromError } from "../decision/decision-from-error.js";
import { publicRefusal } from "../decision/decision-parts.js";
import type { Decision } from "../decision/decision-types.js";
import { ABORTED } from "../engine/cancellation.js";
import type { AdmittedConnection, ContinuityHook } from "../guard/continuity-hook.js";
import type { DecisionPhase } from "../guard/decision-phase.js";
import type { SessionIdentity } from "../guard/guard-session.js";
import type { HandshakeAttempt } from "../guard/handshake/handshake-result.js";
import { closeCodeOf } from "../guard/refusal.js";
import type { GuardRuntime } from "../guard/runtime.js";
import type { ClientMessage } from "../guard/session/connection.js";
import type { Scope } from "../types.js";
import { readClock } from "../util/clock.js";
import { isThenable } from "../util/thenable.js";
import type { AuthenticationWatch } from "./authentication-watch.js";
import { FencedSession } from "./fenced-session.js";
import { Lease } from "./lease.js";
import type { LeaseHolder } from "./lease-holder.js";
import type { Reask } from "./reauthentication-types.js";
import { NOTHING_NEW, renewalLimit, renewOver } from "./renewal.js";
import type { SharedLeaseParts } from "./shared-lease-parts.js";
import type { SlidingLimit } from "./sliding-limit.js";

/** A session with a lease: its authorization ends, is renewed, and is asked for again. */
export class ContinuousSession<M extends ClientMessage = ClientMessage>
  extends FencedSession<M>
  implements LeaseHolder
{
  readonly lease: Lease;
  #limit: SlidingLimit | undefined;

  constructor(runtime: GuardRuntime<never>, admitted: AdmittedConnection) {
    super(runtime as never, admitted.connection as never, admitted.scope, admitted.consumer);
    this.lease = new Lease(this);
  }

  get shared(): SharedLeaseParts {
    return this.runtime.continuity as ContinuityHook & SharedLeaseParts;
  }

  /** A client must be able to renew while its messages wait. */
  protected override get holdsWhileBusy(): boolean {
    return this.shared.options.renewAction === undefined;
  }

  override get isEnded(): boolean {
    return super.isEnded || this.lease.isRevoked;
  }

  override get epoch(): number {
    this.lease.now();
    return this.lease.epoch;
  }

  override get noticedEpoch(): number {
    return this.lease.epoch;
  }

  override get identity(): SessionIdentity {
    const { epoch, names, expiry, authenticatedAt, revalidatedAt } = this.lease;
    return {
      state: super.isEnded ? "ended" : this.lease.now(),
      epoch,
      subjects: [...names, this.id],
      expiresAt: expiry?.at,
      authenticatedAt: wallTimeOf(authenticatedAt),
      revalidatedAt: wallTimeOf(revalidatedAt),
    };
  }

  get knownId(): string | undefined {
    return this.consumer.knownId;
  }

  noteId(): void {
    this.lease.noteId();
  }

  get connectTimeout(): number {
    return this.runtime.timeouts.connect;
  }

  override receive(message: M): void {
    if (message.action !== this.shared.options.renewAction || message.refusal) super.receive(message);
    else if (this.isAccepting) this.renewIdentity(message);
  }

  private renewIdentity(message: M): void {
    this.#limit ??= renewalLimit();
    const { transport, lease } = this;
    const report = (error: unknown) => {
      const decision = decisionFromError(error, "renew");
      this.report(message.action, decision, message.payload);
      return decision;
    };
    // A drain waits for a renewal as for an object that is being loaded.
    const hold = () => {
      this.beginObject();
      return () => this.endObject();
    };
    renewOver(transport, message, { lease, limit: this.#limit, report, hold });
  }

  hint(text: string): void {
    this.runtime.log.hintOnce(text);
  }

  override refresh(): Promise<Decision> {
    if (this.isEnded) return Promise.resolve(ABORTED);
    return new Promise((resolve) => this.lease.demand(resolve));
  }

  authenticate({ phase, renewal = this.lease.renewal }: Reask, watched: AuthenticationWatch): HandshakeAttempt {
    const { isActive } = this;
    let isRead = phase !== "renew";
    const cause = {
      ...{ session: this, isIdle: !isActive, phase, watched },
      get renewal() {
        isRead = true;
        return renewal;
      },
    };
    const attempt = this.runtime.renew(this.connection as never, cause);
    this.isActive = false;
    void Promise.resolve(attempt.result).then(({ decision: { outcome } }) => {
      // After a fault, the activity was counted nowhere.
      this.isActive ||= isActive && outcome === "error";
      if (!isRead && outcome === "allow") this.hint(NOTHING_NEW);
    });
    return attempt;
  }

  override end(): void {
    if (!super.isEnded) super.end();
    this.lease.end();
  }

  closeTransport(decision: Decision): void {
    this.notify("ended", publicRefusal(decision));
    this.connection.close(closeCodeOf(decision), decision.code);
  }

  notify(event: "expiring" | "expired" | "ended", data: object): void {
    try {
      this.connection.notify?.(`auth.${event}`, data);
    } catch (error) {
      this.reportFault({ action: event }, error, "notify");
    }
  }

  reportContinuity(phase: DecisionPhase, decision: Decision): void {
    const { scope, consumer } = this;
    this.runtime.log.reportNow({ phase, action: phase, decision, scope, consumer, session: this });
  }

  replaced(previous: Scope): void {
    const report = (error: unknown) => this.reportFault({ action: "connect" }, error, "onScope");
    try {
      const later: unknown = this.shared.onScope?.(this as never, previous as never);
      // A rejection must not end the process.
      if (isThenable(later)) later.then(undefined, report);
    } catch (error) {
      report(error);
    }
  }
}

/** Converts a time of `readClock()` to milliseconds since the epoch of Unix. */
function wallTimeOf(time: number): number {
  return Math.round(Date.now() - (readClock() - time));
}
