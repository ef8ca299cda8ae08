import type { Decision } from "../decision/decision-types.js";
import type { OnScope } from "../guard/continuity-hook.js";
import type { DecisionPhase } from "../guard/decision-log.js";
import type { SessionIdentity } from "../guard/guard-session.js";
import type { HandshakeResult } from "../guard/runtime.js";
import type { Payload } from "../types.js";
import { readClock } from "../util/clock.js";
import { type AgendaItem, agenda } from "./agenda.js";
import type { AuthenticationWatch } from "./authentication-watch.js";
import { type Closing, closes } from "./close-queue.js";
import { NOT_REVALIDATED, REVOKED } from "./endings.js";
import { TOKEN_EXPIRED } from "./identity.js";
import { IdentityState } from "./identity-state.js";
import type { Finish, LeaseHolder } from "./lease-holder.js";
import type { ReadContinuityOptions } from "./options.js";
import { type Accepted, type Reask, Reauthentication, type Subject } from "./reauthentication.js";
import type { Revalidated, RevalidationQueue } from "./revalidation-queue.js";
import type { Addressable, SubjectIndex } from "./subject-index.js";
import { nextDue } from "./timetable.js";
import { Waiting } from "./waiting.js";

/** Milliseconds until a revalidation that could not begin is tried again. */
const SOON = 1_000;

/** The parts of a guard that its leases share. */
export interface LeaseOffice {
  readonly options: ReadContinuityOptions;
  readonly index: SubjectIndex<Lease>;
  readonly revalidations: RevalidationQueue;
  /** Tells the application of a new scope. */
  readonly onScope: OnScope<never> | undefined;
  watch(): AuthenticationWatch;
}

/** The authorization of one open connection: its identity, how it ends, and how it is asked for again. */
export class Lease implements Subject, AgendaItem, Addressable, Revalidated, Closing {
  due = 0;
  slot = -1;
  readonly state = new IdentityState();
  readonly waiting = new Waiting();
  /** The payload of the last accepted renewal. */
  renewal: Payload | undefined;
  /** Until this time a renewal that is under way holds the end back. */
  heldUntil = 0;
  readonly #holder: LeaseHolder;
  readonly #office: LeaseOffice;
  readonly #questions = new Reauthentication(this);
  #ending: Decision = REVOKED;
  #isOver = false;

  constructor(holder: LeaseHolder, office: LeaseOffice) {
    this.#holder = holder;
    this.#office = office;
  }

  get subjects(): readonly string[] {
    return this.state.subjects;
  }

  get isEnded(): boolean {
    return this.#holder.isEnded;
  }

  get isRenewing(): boolean {
    return this.#questions.isRenewing;
  }

  /** Begins with the identity of an admitted connection. */
  begin(watch: AuthenticationWatch): void {
    this.state.settle(watch, this.#office.options, { id: this.#holder.id });
    this.#office.index.add(this);
    this.#schedule();
  }

  /** The state now. A time that has passed is noticed here, where no timer has noticed it. */
  now(): SessionIdentity["state"] {
    const { epoch } = this.state;
    const { state } = this.state;
    if (this.state.epoch !== epoch) agenda.set(this, readClock());
    return state;
  }

  watch(): AuthenticationWatch {
    return this.#office.watch();
  }

  authenticate(question: Reask, watch: AuthenticationWatch): Promise<HandshakeResult> {
    return this.#holder.authenticate(question, watch);
  }

  /** Demands a new authentication, at once. */
  demand(whenSettled?: (made: Decision) => void): void {
    this.state.demand();
    this.#questions.demand(whenSettled);
    this.#schedule();
  }

  /** Demands a new authentication, when the guard has room for it. A running one settles nothing. */
  demandSoon(): void {
    this.state.demand();
    if (this.#questions.isRunning) this.#questions.demand();
    else this.#office.revalidations.add(this);
    this.#schedule();
  }

  /** A message waits for the new authentication, so it goes first. */
  hasten(): void {
    this.#office.revalidations.hasten(this);
  }

  revalidate(whenDone: () => void): void {
    if (this.state.pendingSince !== undefined) this.#questions.demand(whenDone);
    else if (!this.#questions.isRunning) this.#questions.revalidate(whenDone);
    else {
      // A renewal is under way, and does not stand for it.
      this.state.revalidateAt = readClock() + SOON;
      this.#schedule();
      whenDone();
    }
  }

  renew(question: Reask): void {
    // A deadline is noticed a little late.
    this.heldUntil = readClock() + 1.1 * this.#holder.connectTimeout;
    this.#questions.renew({
      ...question,
      answer: (made) => {
        question.answer?.(made);
        this.#schedule();
      },
    });
  }

  accept({ question, watch, scope }: Accepted): void {
    const isTruth = question.phase !== "renew";
    const { index, options, revalidations } = this.#office;
    const previous = this.#holder.scope;
    index.remove(this);
    this.#holder.scope = scope;
    this.state.settle(watch, options, { id: this.#holder.id, isTruth });
    index.add(this);
    if (isTruth) revalidations.remove(this);
    else this.renewal = question.renewal;
    this.#schedule();
    this.#holder.replaced(previous);
    this.waiting.release();
  }

  refuse(made: Decision, phase: DecisionPhase): void {
    this.finish(made, { phase, isReported: made.by !== "identity" });
    closes.flush();
  }

  report(phase: DecisionPhase, made: Decision): void {
    this.#holder.reportContinuity(phase, made);
  }

  retryIn(milliseconds: number): void {
    this.state.retryAt = readClock() + milliseconds;
    this.#schedule();
  }

  /** Ends the authorization. `closes.flush()` then ends the connection. */
  finish(made: Decision, { phase, isReported = false, isUrgent = true }: Finish): void {
    if (this.isEnded) return;
    this.state.end();
    this.#ending = made;
    this.waiting.release();
    if (!isReported) this.report(phase, made);
    closes.add(this, isUrgent);
  }

  /** Ends the connection, after {@link finish} or by itself. A second call changes nothing. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.state.end();
    this.#office.index.remove(this);
    this.#office.revalidations.remove(this);
    agenda.set(this, Number.POSITIVE_INFINITY);
    this.#questions.end();
    this.waiting.release();
    this.#holder.end();
  }

  closeTransport(): void {
    this.#holder.closeTransport(this.#ending);
  }

  /** Does everything whose time has come. */
  wake(): void {
    const { state } = this;
    const now = readClock();
    state.notice();
    if (state.isExpired) this.#tellExpired(now);
    else if (now >= state.warnAt && !state.isWarned) {
      state.isWarned = true;
      this.#holder.notify("expiring", { expiresIn: state.expiry?.secondsLeft });
    }
    this.#askWhereDue(now);
    this.#schedule();
    closes.flush();
  }

  #tellExpired(now: number): void {
    const { state } = this;
    if (!state.isToldExpired) {
      state.isToldExpired = true;
      this.#holder.notify("expired", {});
    }
    const isHeld = this.isRenewing && now < this.heldUntil;
    const isOver = now >= state.expiredAt + this.#office.options.grace && !isHeld;
    if (isOver) this.finish(TOKEN_EXPIRED, { phase: "expire", isUrgent: false });
  }

  #askWhereDue(now: number): void {
    const { state } = this;
    const { revalidate } = this.#office.options;
    const isOverdue = now >= state.overdueAt;
    const isDue = now >= state.revalidateAt || now >= state.retryAt;
    const { isRunning } = this.#questions;
    if (isDue) {
      state.retryAt = Number.POSITIVE_INFINITY;
      state.revalidateAt = isRunning ? now + SOON : Number.POSITIVE_INFINITY;
    }
    if ((isDue || isOverdue) && !isRunning) this.#office.revalidations.add(this);
    if (revalidate === undefined || !isOverdue) return;
    state.demand();
    if (now >= state.overdueAt + revalidate.grace) this.finish(NOT_REVALIDATED, { phase: "revalidate" });
  }

  #schedule(): void {
    if (!this.#isOver) agenda.set(this, this.isEnded ? Number.POSITIVE_INFINITY : nextDue(this, this.#office.options));
  }
}
