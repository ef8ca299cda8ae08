import { decisionFromError } from "../../decision/decision-from-error.js";
import type { Decision } from "../../decision/decision-types.js";
import { ABORTED } from "../../engine/cancellation.js";
import { createAnswerRecord } from "../../engine/record.js";
import type { Payload } from "../../types.js";
import type { DispatchContext, DispatchSession, ServableConsumer } from "../dispatch.js";
import type { OpenSession } from "../guard-session.js";
import { closeCodeOf, TOO_MANY_PENDING } from "../refusal.js";
import { checkClose } from "./close-code.js";
import type { ConcurrentHandlers } from "./concurrent-handlers.js";
import type { ClientMessage } from "./connection.js";
import { FLUSHING, type Until } from "./message-flow.js";
import { SessionVerbs } from "./session-verbs.js";
import { ViolationCounter } from "./violation-counter.js";

/** One message that is being decided. */
export interface AskedMessage<M extends ClientMessage> extends DispatchContext {
  readonly message: M;
  readonly served: ServableConsumer | undefined;
  readonly startedAt: number;
  decision: Decision;
}

/** One guarded connection: its scope, the decisions about its messages, and its end. */
export class Session<M extends ClientMessage = ClientMessage>
  extends SessionVerbs<M>
  implements OpenSession, DispatchSession
{
  /** Counts undecodable messages. */
  #violations: ViolationCounter | undefined;
  #refreshes = 0;

  async refresh(): Promise<Decision> {
    if (this.isEnded) return ABORTED;
    this.#refreshes += 1;
    const refresh = this.#refreshes;
    const isIdle = !this.isActive;
    this.isActive = false;
    const evaluation = this.runtime.renew(this.connection as never, { session: this, isIdle });
    this.cancellation.add(evaluation);
    const { decision, scope } = await evaluation.result;
    this.cancellation.remove(evaluation);
    if (decision.outcome !== "allow") this.close(closeCodeOf(decision), decision.code);
    else if (refresh === this.#refreshes) this.scope = scope;
    return decision;
  }

  close(code = 1000, reason = ""): void {
    checkClose(code, reason);
    if (this.isEnded) return;
    this.end();
    this.connection.close(code, reason);
  }

  whenGone(callback: () => void): void {
    if (this.connection.whenGone) this.connection.whenGone(callback);
    else callback();
  }

  beginObject(): void {
    this.loading += 1;
  }

  endObject(): void {
    this.loading -= 1;
    this.settleDrains();
  }

  /** Ends the session of a connection that is gone, or counts as gone. A second call changes nothing. */
  end(): void {
    this.stop();
    this.runtime.sessions.delete(this);
    this.cancel();
    this.settleDrains();
  }

  /** Reports that the adapter could not answer a message, for example because a codec has thrown. */
  reportFault({ action }: Pick<ClientMessage, "action">, error: unknown, by: string): void {
    this.report(action, decisionFromError(error, by));
  }

  protected report(action: string, decision: Decision, payload: Payload = {}): void {
    const { scope, consumer } = this;
    this.runtime.log.reportNow({ phase: "action", action, decision, scope, consumer, session: this, payload });
  }

  protected closeViolator(): boolean {
    this.#violations ??= new ViolationCounter();
    const isViolator = this.#violations.add(this.runtime.limits);
    if (isViolator) this.close(1008, "too many undecodable messages");
    return isViolator;
  }

  protected process(message: M): Until | undefined {
    const { refusal, action } = message;
    if (refusal) {
      this.refuse(message, refusal);
      return undefined;
    }
    const { runtime, scope } = this;
    const { engine, served, log } = runtime;
    if (served && this.concurrent?.isFull && served.engine.rules.entryOf(action).concurrent)
      return this.processLater(message);
    const answers = runtime.keepsAnswers(action) ? createAnswerRecord() : undefined;
    const startedAt = log.now();
    // A decision that is made at once cannot be overtaken by time.
    const epoch = this.noticedEpoch;
    const decision = engine.evaluateAction(this, message, answers);
    const isLater = decision instanceof Promise;
    // The hot path. A message that is delivered at once causes no allocation.
    if (!served && !isLater && !log.wants(decision) && epoch === this.noticedEpoch) {
      return this.isEnded ? undefined : this.deliver(message);
    }
    const asked: AskedMessage<M> = {
      log,
      session: this,
      connection: this.transport as never,
      message,
      scope,
      decision: decision as Decision,
      answers,
      objectTimeout: runtime.timeouts.object,
      served,
      startedAt,
      epoch,
    };
    return isLater ? this.concludeLater(asked, decision) : this.conclude(asked, decision);
  }

  /** A function of its own, because a closure in `process` would cost every message a context. */
  private concludeLater(asked: AskedMessage<M>, decision: Promise<Decision>): Until {
    return decision.then((settled) => this.conclude(asked, settled));
  }

  /** Reports a decision, and acts on it. */
  protected conclude(asked: AskedMessage<M>, decision: Decision): Until | undefined {
    const { log, message, scope, answers, startedAt } = asked;
    const { action } = message;
    const { consumer } = this;
    if (log.wants(decision)) {
      log.report({ phase: "action", action, decision, scope, consumer, session: this, answers, startedAt });
    }
    if (this.isEnded) return undefined;
    if (decision.outcome !== "allow") return void this.transport.sendRefusal(message, decision);
    asked.decision = decision;
    return this.handOn(asked);
  }

  /** Delivers or dispatches an allowed message. */
  protected handOn(asked: AskedMessage<M>): Until | undefined {
    const { message, served } = asked;
    if (!served) return this.deliver(message);
    const handling = served.dispatch(asked);
    return handling && this.run(handling, served.engine.rules.entryOf(message.action).concurrent);
  }

  private deliver(message: M): Until | undefined {
    this.connection.deliver(message);
    return this.connection.flush ? FLUSHING : undefined;
  }

  /** Waits for a handler to end. INVARIANT: a message is not decided before its handler may run. */
  private processLater(message: M): Until {
    return (this.concurrent as ConcurrentHandlers).whenFree(this.timeout).then((isFree) => {
      if (this.isEnded) return undefined;
      return isFree ? this.process(message) : this.refuse(message, TOO_MANY_PENDING);
    });
  }

  refuse(message: M, decision: Decision): void {
    this.report(message.action, decision, message.payload);
    if (!this.isEnded) this.transport.sendRefusal(message, decision);
  }
}
