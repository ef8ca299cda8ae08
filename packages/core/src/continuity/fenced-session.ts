import { createDecision } from "../decision/decision.js";
import type { Decision } from "../decision/decision-types.js";
import { ABORTED } from "../engine/cancellation.js";
import type { DispatchContext } from "../guard/dispatch.js";
import type { CheckOptions } from "../guard/guard-session.js";
import type { ClientMessage } from "../guard/session/connection.js";
import type { Until } from "../guard/session/message-flow.js";
import { type AskedMessage, Session } from "../guard/session/session.js";
import { optionsOf } from "../policy/read-decide-options.js";
import type { Payload } from "../types.js";
import { readClock } from "../util/clock.js";
import { UNSETTLED } from "./authentication-watch.js";
import { TOKEN_EXPIRED } from "./identity.js";
import type { Lease } from "./lease.js";

/** Decisions about one message. A message whose authorization changes more often is refused. */
const DECISIONS = 4;

const TIMED_OUT: Decision = createDecision("error", "permission_timeout", {
  by: "continuity",
  error: "`authenticate` was late, or refreshes came faster than its answers",
  // A message brings the next attempt forward to one second after the last fault.
  retryAfter: 1,
});

/** The time at which each message or question was held back first. */
const heldSince = new WeakMap<object, number>();

/** The number of decisions about each message that was decided more than once. */
const decisions = new WeakMap<ClientMessage, number>();

/** A question of the application. */
interface Asked {
  readonly action: string;
  readonly payload: Payload | undefined;
  readonly options: CheckOptions | undefined;
}

/**
 * A session that acts on decisions of the present authorization alone.
 *
 * INVARIANT: a decision that was begun in an earlier epoch is not acted on. The question waits until the authorization
 * is settled, and is asked again.
 */
export abstract class FencedSession<M extends ClientMessage> extends Session<M> {
  protected abstract readonly lease: Lease;

  override decide(
    action: string,
    payload?: Payload,
    options?: CheckOptions,
    ...further: readonly never[]
  ): Decision | Promise<Decision> {
    const known = optionsOf(options, further.length);
    if (this.isEnded || this.lease.now() !== "valid") return this.decideHeld({ action, payload, options: known }, 1);
    const epoch = this.noticedEpoch;
    const decision = super.decide(action, payload, known);
    // A question that is answered at once allocates nothing.
    if (!(decision instanceof Promise) && this.isPresent(epoch)) return decision;
    return this.follow({ action, payload, options: known }, 1, decision, epoch);
  }

  private decideHeld(asked: Asked, count: number): Decision | Promise<Decision> {
    const held = this.hold(asked);
    if (held instanceof Promise) return held.then((refusal) => refusal ?? this.decideHeld(asked, count));
    if (held) return held;
    const epoch = this.noticedEpoch;
    return this.follow(asked, count, super.decide(asked.action, asked.payload, asked.options), epoch);
  }

  /** Answers a decision of the present authorization, and asks again after one of an earlier epoch. */
  private follow(
    asked: Asked,
    count: number,
    decision: Decision | Promise<Decision>,
    epoch: number,
  ): Decision | Promise<Decision> {
    if (decision instanceof Promise) {
      return decision.then((later) => (!this.isEnded && epoch === this.epoch ? later : this.askAgain(asked, count)));
    }
    return this.isPresent(epoch) ? decision : this.askAgain(asked, count);
  }

  /** True while a decision that was begun and made at once in this epoch may be acted on. */
  private isPresent(epoch: number): boolean {
    return !this.isEnded && epoch === this.noticedEpoch;
  }

  private askAgain(asked: Asked, count: number): Decision | Promise<Decision> {
    if (this.isEnded) return ABORTED;
    return count < DECISIONS ? this.decideHeld(asked, count + 1) : UNSETTLED;
  }

  protected override process(message: M): Until | undefined {
    const held = this.hold(message);
    if (held === undefined) return super.process(message);
    if (held instanceof Promise) return held.then((refusal) => this.proceed(message, refusal));
    return this.proceed(message, held);
  }

  protected override conclude(asked: AskedMessage<M>, decision: Decision): Until | undefined {
    // A decision that was made at once cannot be overtaken by time.
    const epoch = asked.decision === decision ? this.noticedEpoch : this.epoch;
    if (this.isEnded || asked.epoch === epoch) return super.conclude(asked, decision);
    return this.processAgain(asked.message);
  }

  protected override handOn(asked: AskedMessage<M>): Until | undefined {
    // The application may have asked for a new authentication where it heard of the decision.
    return asked.epoch === this.noticedEpoch ? super.handOn(asked) : this.processAgain(asked.message);
  }

  override decideAgain({ message }: Pick<DispatchContext, "message">): Promise<void> | undefined {
    // Until it is decided, a drain waits for it as for an object that is being loaded.
    this.beginObject();
    let until: Until | undefined;
    try {
      until = this.processAgain(message as M);
    } finally {
      // A listener of the application may have thrown.
      if (!(until instanceof Promise)) this.endObject();
    }
    return until instanceof Promise ? (until.finally(() => this.endObject()) as Promise<void>) : undefined;
  }

  /**
   * Holds a question back while nothing may be decided, for one deadline at most, however often that changes meanwhile. The
   * first question that waits for an authentication begins the deadline of all that wait for it.
   *
   * @param one The message or the question.
   * @returns `undefined` when the question may be asked now; otherwise a refusal, or a promise of it.
   */
  private hold(one: object): Decision | Promise<Decision | undefined> | undefined {
    if (this.isEnded) return ABORTED;
    const state = this.lease.now();
    if (state === "valid") return undefined;
    if (state === "expired" && !this.lease.isRenewing) return TOKEN_EXPIRED;
    const now = readClock();
    const since = heldSince.get(one) ?? now;
    heldSince.set(one, since);
    const { awaitedSince = now } = this.lease;
    const left = Math.min(since, awaitedSince) + this.timeout - now;
    // A client that is refused comes back.
    this.lease.hasten();
    if (left <= 0) return TIMED_OUT;
    return this.lease.wait(left).then((isSettled) => (isSettled ? undefined : TIMED_OUT));
  }

  /** Continues with a message that was held back. A message of a connection that has ended is dropped. */
  private proceed(message: M, refusal: Decision | undefined): Until | undefined {
    if (this.isEnded) return undefined;
    return refusal ? void this.refuse(message, refusal) : this.process(message);
  }

  private processAgain(message: M): Until | undefined {
    const count = (decisions.get(message) ?? 1) + 1;
    decisions.set(message, count);
    return this.proceed(message, count <= DECISIONS ? undefined : UNSETTLED);
  }
}
