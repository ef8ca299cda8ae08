import type { Decision } from "../decision/decision-types.js";
import type { DecisionPhase } from "../guard/decision-phase.js";
import type { HandshakeAttempt } from "../guard/handshake/handshake-result.js";
import type { Payload } from "../types.js";
import { readClock } from "../util/clock.js";
import type { AuthenticationWatch } from "./authentication-watch.js";
import { IdentityState } from "./identity-state.js";
import type { LeaseHolder } from "./lease-holder.js";
import { Reauthentication } from "./reauthentication.js";
import type { Accepted, Reask, Subject } from "./reauthentication-types.js";
import { Waiting } from "./waiting.js";

/**
 * The identity of one connection, the authentications that renew it, and those who wait for them. Both are made at their
 * first use, because an idle connection needs neither.
 */
export abstract class ReauthenticatedIdentity extends IdentityState implements Subject {
  /** `undefined` where no authentication is under way, and nothing is to be remembered of the last one. */
  #questions: Reauthentication | undefined;
  #waiting: Waiting | undefined;

  abstract readonly holder: Pick<LeaseHolder, "hint">;
  abstract readonly isEnded: boolean;
  abstract watch(): AuthenticationWatch;
  abstract authenticate(question: Reask, watch: AuthenticationWatch): HandshakeAttempt;
  abstract accept(accepted: Accepted): void;
  abstract refuse(decision: Decision, phase: DecisionPhase): void;
  abstract report(phase: DecisionPhase, decision: Decision): void;
  abstract joinQueue(): void;
  /** Plans the next wake-up. */
  protected abstract schedule(): void;

  get isRenewing(): boolean {
    return this.#questions?.isRenewing === true;
  }

  /** True after a fault, until an authentication is accepted. */
  get hasFailed(): boolean {
    return (this.#questions?.faults ?? 0) > 0;
  }

  /** The time until which a renewal that is under way holds the end back; 0 without one. */
  get heldUntil(): number {
    return this.isRenewing ? (this.#questions?.heldUntil ?? 0) : 0;
  }

  /** The payload of the last accepted renewal. */
  get renewal(): Payload | undefined {
    return this.#questions?.renewed?.payload;
  }

  /** The time of the next question after a fault; `undefined` where none is planned. */
  get retryAt(): number | undefined {
    return this.#questions?.retryAt;
  }

  /** The begin of the last authentication. */
  get authenticatedAt(): number {
    return Math.max(this.revalidatedAt, this.#questions?.renewed?.beganAt ?? 0);
  }

  /** True while an authentication is under way. */
  protected get isAsking(): boolean {
    return this.#questions?.isRunning === true;
  }

  /**
   * True while no revalidation begins: a question is under way, or the identity has expired. The old credentials would end
   * the connection then, and the client still has the grace for a renewal.
   */
  protected get mustWait(): boolean {
    return this.isAsking || this.isExpired;
  }

  /** The authentications, made where there are none. */
  protected get questions(): Reauthentication {
    this.#questions ??= new Reauthentication(this);
    return this.#questions;
  }

  /**
   * Holds the end of the identity back for a renewal. One that comes after the grace, behind another, does not.
   *
   * @param grace The milliseconds from the end of the identity to that of the connection.
   * @param milliseconds The longest time that the renewal may take.
   */
  protected holdEnd(grace: number, milliseconds: number): void {
    const now = readClock();
    const isInTime = now < (this.expiry?.passedAt ?? Number.POSITIVE_INFINITY) + grace;
    if (isInTime) this.questions.heldUntil = now + milliseconds;
  }

  retryIn(milliseconds: number, least = milliseconds): void {
    const now = readClock();
    this.questions.soonestAt = Math.ceil(now + least);
    this.questions.retryAt = Math.ceil(now + (this.isAwaited ? Math.min(least, milliseconds) : milliseconds));
    this.schedule();
  }

  /** Plans the next question after a fault for the earliest time, because a message waits for it. */
  protected retrySoon(): void {
    const questions = this.#questions;
    if (questions?.retryAt === undefined || questions.retryAt <= questions.soonestAt) return;
    questions.retryAt = questions.soonestAt;
    this.schedule();
  }

  /** The next question is no longer planned, because its time has come. */
  protected forgetRetry(): void {
    if (this.#questions) this.#questions.retryAt = undefined;
  }

  hint(text: string): void {
    this.holder.hint(text);
  }

  rest(): void {
    this.#questions = undefined;
  }

  /**
   * Waits for a settlement.
   *
   * @param milliseconds The longest wait.
   * @returns A promise of false where the time is over.
   */
  wait(milliseconds: number): Promise<boolean> {
    this.#waiting ??= new Waiting();
    return this.#waiting.wait(milliseconds);
  }

  /** The time of the first wait for the next settlement; `undefined` where nobody has waited. */
  get awaitedSince(): number | undefined {
    return this.#waiting?.since;
  }

  /** True while somebody waits for a settlement. */
  get isAwaited(): boolean {
    return this.#waiting?.isEmpty === false;
  }

  /** Releases those who wait. */
  release(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.release();
  }

  /** Ends the authentications, and releases those who wait. */
  protected endQuestions(): void {
    this.#questions?.end();
    this.release();
  }
}
