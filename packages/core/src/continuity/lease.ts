import type { Decision } from "../decision/decision-types.js";
import type { DecisionPhase } from "../guard/decision-phase.js";
import type { SessionIdentity } from "../guard/guard-session.js";
import type { HandshakeAttempt } from "../guard/handshake/handshake-result.js";
import { readClock } from "../util/clock.js";
import { type AgendaItem, agenda } from "./agenda.js";
import type { AuthenticationWatch } from "./authentication-watch.js";
import { closes } from "./close-queue.js";
import { NOT_REVALIDATED } from "./endings.js";
import type { Expiry } from "./expiry.js";
import { TOKEN_EXPIRED } from "./identity.js";
import { isReached } from "./identity-state.js";
import type { Finish, LeaseHolder } from "./lease-holder.js";
import { ReauthenticatedIdentity } from "./reauthenticated-identity.js";
import type { Accepted, Reask } from "./reauthentication-types.js";
import type { Revalidated } from "./revalidation-queue.js";
import type { SharedLeaseParts } from "./shared-lease-parts.js";
import { type Addressable, areSame } from "./subject-index.js";
import { nextDue } from "./timetable.js";

/** Milliseconds until a revalidation that could not begin is tried again. */
const SOON = 1_000;

/**
 * The authorization of one open connection: its identity, how it ends, and how it is asked for again. It is one object
 * with the state of the identity, because every idle connection has both. Methods are `private` and not `#private`, which
 * costs each object 8 bytes.
 */
export class Lease extends ReauthenticatedIdentity implements AgendaItem, Addressable, Revalidated {
  due = 0;
  slot = -1;
  #isOver = false;

  constructor(readonly holder: LeaseHolder) {
    super();
  }

  get shared(): SharedLeaseParts {
    return this.holder.shared;
  }

  /** The names of the connection. The id of the session is among them once somebody has read it. */
  get subjects(): readonly string[] {
    const { knownId } = this.holder;
    return knownId === undefined ? this.names : [...this.names, knownId];
  }

  get isEnded(): boolean {
    return this.holder.isEnded;
  }

  /** Begins with the identity of an admitted connection. */
  begin(watch: AuthenticationWatch): void {
    this.settle(watch, this.shared.options, true);
    this.shared.index.add(this);
    this.schedule();
  }

  /** The id of the session was read for the first time. */
  noteId(): void {
    if (!this.#isOver) this.shared.index.add(this);
  }

  /** The state now. A time that has passed is noticed here, where no timer has noticed it. */
  now(): SessionIdentity["state"] {
    const { epoch, state } = this;
    if (this.epoch !== epoch) agenda.set(this, readClock());
    return state;
  }

  watch(): AuthenticationWatch {
    return this.shared.watch(true);
  }

  authenticate(question: Reask, watch: AuthenticationWatch): HandshakeAttempt {
    return this.holder.authenticate(question, watch);
  }

  /** Demands a new authentication, at once. */
  demand(whenSettled?: (decision: Decision) => void): void {
    this.becomePending();
    this.questions.demand(whenSettled);
    this.schedule();
  }

  /** Demands a new authentication, when there is room for it. A running one settles nothing. */
  demandSoon(): void {
    this.becomePending();
    if (this.isAsking) this.questions.demand();
    else this.joinQueue();
    this.schedule();
  }

  joinQueue(): void {
    if (!this.isEnded) this.shared.revalidations.add(this);
  }

  /** A message waits for the new authentication, so it goes first, and not long after the last fault. */
  hasten(): void {
    this.retrySoon();
    this.shared.revalidations.hasten(this);
  }

  revalidate(whenDone: (isFault: boolean) => void): void {
    const { isAsking: wasAsking, questions } = this;
    if (this.isPending) questions.demand();
    else if (!this.mustWait) questions.revalidate();
    else {
      // A renewal is under way or may come, and does not stand for it.
      this.revalidateAt = Math.ceil(readClock() + SOON);
      this.schedule();
    }
    // A question that was under way before, or did not begin, needs no place of the queue.
    if (wasAsking || !this.isAsking) whenDone(false);
    else questions.whenAnswered(() => whenDone(this.hasFailed));
  }

  renew(question: Reask): void {
    // A deadline is noticed a little late.
    this.holdEnd(this.shared.options.grace, 1.1 * this.holder.connectTimeout);
    this.questions.renew({
      ...question,
      answer: (decision) => {
        question.answer?.(decision);
        this.schedule();
      },
    });
  }

  accept({ question, watch, scope }: Accepted): void {
    const isTruth = question.phase !== "renew";
    const { index, options, revalidations } = this.shared;
    const previous = this.holder.scope;
    const isRenamed = !areSame(this.names, watch.identity.subjects);
    if (isRenamed) index.remove(this);
    this.holder.scope = scope;
    this.settle(watch, options, isTruth);
    if (isRenamed) index.add(this);
    if (isTruth) revalidations.remove(this);
    this.schedule();
    this.holder.replaced(previous);
    this.release();
  }

  refuse(decision: Decision, phase: DecisionPhase): void {
    this.finish(decision, { phase, isReported: true, isUrgent: true });
    closes.flush();
  }

  report(phase: DecisionPhase, decision: Decision): void {
    this.holder.reportContinuity(phase, decision);
  }

  /** Ends the authorization. `closes.flush()` then ends the connection. */
  finish(decision: Decision, { phase, isReported = false, isUrgent = false }: Finish): void {
    if (this.isEnded) return;
    this.revoke();
    this.release();
    // The report waits for its turn too, because one revocation may end all connections of a process.
    const end = () => {
      if (!isReported) this.report(phase, decision);
      this.end();
    };
    const closeTransport = () => this.holder.closeTransport(decision);
    closes.add({ guard: this.shared, connection: this.holder, end, closeTransport }, isUrgent);
  }

  /** Ends the connection, after {@link finish} or by itself. A second call changes nothing. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.revoke();
    this.shared.index.remove(this);
    this.shared.revalidations.remove(this);
    agenda.set(this, Number.POSITIVE_INFINITY);
    this.endQuestions();
    this.holder.end();
  }

  /** Does everything whose time has come. */
  wake(): void {
    const now = readClock();
    this.notice();
    if (this.expiry) this.tell(this.expiry, now);
    this.askWhereDue(now);
    this.schedule();
    closes.flush();
  }

  /** Tells the client of the end of its identity, before and after. Ends the connection after the grace. */
  private tell(expiry: Expiry, now: number): void {
    const { passedAt } = expiry;
    if (passedAt === undefined) {
      if (!isReached(expiry.warnAt, now)) return;
      expiry.warnAt = undefined;
      this.holder.notify("expiring", { expiresIn: expiry.secondsLeft });
      return;
    }
    if (!expiry.isTold) {
      expiry.isTold = true;
      this.holder.notify("expired", {});
      // Messages that wait are refused, unless a renewal is under way.
      if (!this.isRenewing) this.release();
    }
    const end = Math.max(passedAt + this.shared.options.grace, this.heldUntil);
    if (now >= end) this.finish(TOKEN_EXPIRED, { phase: "expire" });
  }

  private askWhereDue(now: number): void {
    const { revalidate } = this.shared.options;
    const { overdueAt } = this;
    const isOverdue = isReached(overdueAt, now);
    const isDue = isReached(this.revalidateAt, now) || isReached(this.retryAt, now);
    const { mustWait } = this;
    if (isDue) {
      this.forgetRetry();
      this.revalidateAt = mustWait ? Math.ceil(now + SOON) : undefined;
    }
    if ((isDue || isOverdue) && !mustWait) this.shared.revalidations.add(this);
    if (revalidate === undefined || overdueAt === undefined || !isOverdue) return;
    this.becomePending();
    if (now >= overdueAt + revalidate.grace) this.finish(NOT_REVALIDATED, { phase: "revalidate" });
  }

  protected schedule(): void {
    if (!this.#isOver) agenda.set(this, this.isEnded ? Number.POSITIVE_INFINITY : nextDue(this, this.shared.options));
  }
}
