import { decisionFromError } from "../decision/decision-from-error.js";
import type { Decision } from "../decision/decision-types.js";
import { ABORTED } from "../engine/cancellation.js";
import type { HandshakeAttempt, HandshakeResult } from "../guard/handshake/handshake-result.js";
import type { Payload, Scope } from "../types.js";
import { type AuthenticationWatch, UNSETTLED } from "./authentication-watch.js";
import { Callbacks } from "./callbacks.js";
import { refusalOf } from "./identity-refusal.js";
import type { Accepted, Reask, Subject } from "./reauthentication-types.js";
import { FIRST_RETRY, waitAfter } from "./retry-wait.js";
import { SlidingLimit } from "./sliding-limit.js";

/** Authentications that may be demanded within a second. A callback that demands one at each answer must end somewhere. */
const DEMANDS = 10;
/** Milliseconds over which a delayed authentication is spread. At a fixed time each would coincide with a next demand. */
const SPREAD = 100;

const TOO_FAST =
  "a connection is refreshed more than ten times a second, so its messages wait: refresh less often, and in `onScope` under a condition only";

/**
 * The authentications of one open connection. At most one is under way.
 *
 * INVARIANT: an answer that began before the last demand settles nothing. A refusal ends the connection whenever it
 * comes; only a renewal may be refused and leave the connection as it was.
 */
export class Reauthentication {
  readonly #subject: Subject;
  #running: Reask | undefined;
  #attempt: HandshakeAttempt | undefined;
  /** True when something has changed since the last question began. */
  #isDemanded = false;
  /** Renewals that wait their turn, the first in front. */
  #renewals: Reask[] | undefined;
  /** Everybody who waits for the settlement of a demand. */
  readonly #demands = new Callbacks<Decision>();
  /** Everybody who waits for the answer to the question that is under way. */
  readonly #whenAnswered = new Callbacks<void>();
  /** The number of faults since the last accepted authentication. */
  faults = 0;
  readonly #limit = new SlidingLimit(DEMANDS, 1_000);
  /** The last accepted renewal: its payload, and the begin of its authentication. */
  renewed: { readonly payload: Payload | undefined; readonly beganAt: number } | undefined;
  /** The time of the next question after a fault; `undefined` where none is planned. */
  retryAt: number | undefined;
  /** The earliest time of that question, where a message waits for it. */
  soonestAt = 0;
  /** The time until which a renewal holds the end of the identity back. */
  heldUntil = 0;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  get isRenewing(): boolean {
    return this.#running?.phase === "renew" || Boolean(this.#renewals?.length);
  }

  /** Authenticates the client again. An answer that is under way settles nothing. */
  demand(whenSettled?: (decision: Decision) => void): void {
    if (whenSettled) this.#demands.add(whenSettled);
    if (this.#running) this.#isDemanded = true;
    else this.#beginDemanded();
  }

  /** Authenticates the client again, although nothing may have changed. Not while a question is running. */
  revalidate(): void {
    if (this.#isDemanded) this.#beginDemanded();
    else this.#begin({ phase: "revalidate" });
  }

  /** Calls back once the question under way has its answer, at once where none is. It waits for no later question. */
  whenAnswered(callback: () => void): void {
    if (this.#running) this.#whenAnswered.add(callback);
    else callback();
  }

  renew(question: Reask): void {
    if (this.#running === undefined) this.#begin(question);
    else {
      this.#renewals ??= [];
      this.#renewals.push(question);
    }
  }

  /** The connection has ended. Nobody is answered any more, but those who wait are released. */
  end(): void {
    this.#renewals = undefined;
    this.#running = undefined;
    this.#attempt?.abort();
    this.#demands.take()(ABORTED);
    this.#whenAnswered.take()();
  }

  #begin(question: Reask): void {
    this.#running = question;
    this.#isDemanded = false;
    const watch = this.#subject.watch();
    const take = (decision: Decision, scope?: Scope) => {
      if (this.#running !== question) return;
      this.#running = this.#attempt = undefined;
      const release = this.#whenAnswered.take();
      if (!this.#subject.isEnded) this.#judge(decision, { question, watch, scope: scope as Scope });
      watch.end();
      release();
    };
    this.#authenticate(question, watch).then(
      ({ decision, scope }) => take(decision, scope),
      // A question that could not even be asked is a fault, and is asked again.
      (error: unknown) => take(decisionFromError(error, "authenticate")),
    );
  }

  async #authenticate(question: Reask, watch: AuthenticationWatch): Promise<HandshakeResult> {
    this.#attempt = this.#subject.authenticate(question, watch);
    return await this.#attempt.result;
  }

  #judge(decision: Decision, accepted: Accepted): void {
    const { question, watch } = accepted;
    if (decision.outcome === "error") this.#fault(decision, question);
    else if (decision.outcome !== "allow") this.#refuse(decision, question);
    else if (this.#isDemanded || watch.isStale) this.#repeat(question);
    else this.#accept(decision, accepted);
  }

  /** Asks again, because something has changed since the question began. Only a renewal is repeated at once. */
  #repeat(question: Reask): void {
    if (question.phase !== "renew") {
      this.#isDemanded = true;
      this.#subject.joinQueue();
    } else if (this.#mayBegin()) this.#begin(question);
    else {
      this.#subject.report(question.phase, UNSETTLED);
      question.answer?.(UNSETTLED);
      // The next question is planned, and may have to wait. A further renewal need not.
      this.#isDemanded = false;
      this.#next();
    }
  }

  /** Asks for what was demanded: at once, or later where demands come too fast. */
  #beginDemanded(): void {
    if (this.#mayBegin()) this.#begin({ phase: "connect" });
  }

  /** Counts a demanded question. Plans it for later where there were too many. */
  #mayBegin(): boolean {
    const wait = this.#limit.add();
    if (wait === undefined) return true;
    this.#subject.hint(TOO_FAST);
    this.#subject.retryIn(wait + SPREAD * Math.random());
    return false;
  }

  #accept(decision: Decision, accepted: Accepted): void {
    const { question, watch } = accepted;
    const refusal = refusalOf(accepted, this.#subject.principal);
    if (refusal) {
      this.#refuseIdentity(refusal, question);
      return;
    }
    this.faults = 0;
    this.retryAt = undefined;
    if (question.phase === "renew") this.renewed = { payload: question.renewal, beganAt: watch.beganAt };
    const release = this.#demands.take();
    // The application is told, and may demand a further authentication.
    this.#subject.accept(accepted);
    question.answer?.(decision);
    release(decision);
    this.#next();
  }

  /** Refuses another identity. Only a renewal leaves the connection as it was. */
  #refuseIdentity(decision: Decision, question: Reask): void {
    this.#subject.report(question.phase, decision);
    if (question.phase !== "renew") this.#refuse(decision, question);
    else {
      question.answer?.(decision);
      this.#next();
    }
  }

  #refuse(decision: Decision, question: Reask): void {
    question.answer?.(decision);
    if (question.phase === "renew" && decision.status === 401) this.#next();
    else {
      this.#demands.take()(decision);
      this.#subject.refuse(decision, question.phase);
    }
  }

  #fault(decision: Decision, question: Reask): void {
    question.answer?.(decision);
    if (question.phase !== "renew") {
      this.#demands.take()(decision);
      this.faults += 1;
      this.#subject.retryIn(waitAfter(this.faults), FIRST_RETRY);
    }
    this.#next();
  }

  /** Continues with what came meanwhile. */
  #next(): void {
    if (this.#subject.isEnded || this.#running) return;
    // A demand, or an authorization that is pending with no question planned.
    const isNeeded = this.#isDemanded || (this.#subject.isPending && this.retryAt === undefined);
    if (isNeeded) this.#subject.joinQueue();
    // The queue may have had room.
    if (this.#running) return;
    const renewal = this.#renewals?.shift();
    if (renewal) this.#begin(renewal);
    else if (!isNeeded && this.#isForgettable) this.#subject.rest();
  }

  /** True when a later question needs nothing of the earlier ones. Then an idle connection need not keep them. */
  get #isForgettable(): boolean {
    return this.faults === 0 && this.renewed === undefined && this.#limit.isQuiet;
  }
}
