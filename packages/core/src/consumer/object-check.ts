import type { Decision } from "../decision/decision-types.js";
import { denialFrom } from "../decision/enforce.js";
import type { PermissionDenied } from "../decision/errors.js";
import { readLoaded } from "../engine/loaded-object.js";
import { type AnswerRecord, createAnswerRecord } from "../engine/record.js";
import type { Stage } from "../engine/stage.js";
import { evaluateRecorded } from "../engine/stage-list.js";
import type { DispatchContext } from "../guard/dispatch.js";
import type { ActionRule } from "../policy/compiled-rules.js";
import { RuleContext } from "../rules/rule-context.js";
import type { Payload } from "../types.js";

/** A question of one message about an object. */
export class ObjectQuestion {
  /** A copy of the answers of the message, because an answer about one object does not hold for another. */
  readonly answers: AnswerRecord;
  readonly #startedAt: number;

  constructor(
    private readonly dispatch: DispatchContext,
    private readonly payload: Payload,
  ) {
    const [first, second] = (dispatch.answers ?? createAnswerRecord()).answers;
    this.answers = { answers: [new Map(first), new Map(second)], reuses: true };
    this.#startedAt = dispatch.log.now();
  }

  /** Asks the stages, without the hooks that the message has answered already. Never rejects. */
  ask(stages: readonly Stage[], object: unknown): Decision | Promise<Decision> {
    const { scope, session, message, objectTimeout } = this.dispatch;
    const options = { timeout: objectTimeout, cancellation: session.cancellation };
    const question = new RuleContext(scope, session.consumer, message.action, this.payload).about(object);
    return evaluateRecorded(stages, question, options, this.answers);
  }

  /** Reports the decision, and returns it. */
  readonly report = (decision: Decision): Decision => {
    const { log, scope, session, message } = this.dispatch;
    const { consumer } = session;
    const { action } = message;
    const [answers, startedAt] = [this.answers, this.#startedAt];
    log.report({ phase: "object", action, decision, scope, consumer, session, answers, startedAt });
    return decision;
  };
}

/** The checks of a handler whether its action is allowed on an object. */
export class ObjectCheck {
  /** The first refusal of `authorize`. It replaces the handler's answer. */
  denial: { readonly decision: Decision; readonly error: PermissionDenied } | undefined;
  /** The number of running checks, and the answers that wait for them. */
  #pending = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param payload The payload of the handler. */
  constructor(
    private readonly dispatch: DispatchContext,
    private readonly rule: ActionRule,
    private readonly payload: Payload,
  ) {}

  /** True while a check is running. */
  get isPending(): boolean {
    return this.#pending > 0;
  }

  /** Calls back once all checks are decided. */
  whenDecided(callback: () => void): void {
    this.#waiting.push(callback);
  }

  /** Evaluates the rule for an object. Never throws, never rejects. */
  decide(object: unknown): Decision | Promise<Decision> {
    const { epoch, session, message } = this.dispatch;
    const isPresent = () => epoch === session.epoch;
    // The answers about the message belong to an earlier authorization, so everything is asked again.
    const again = () => session.decide(message.action, this.payload, { object });
    if (!isPresent()) return again();
    const question = new ObjectQuestion(this.dispatch, this.payload);
    const settle = (decision: Decision) => {
      if (!isPresent()) return again();
      question.report(decision);
      // The application may have asked for a new authentication where it heard of the decision.
      return decision.outcome !== "allow" || isPresent() ? decision : again();
    };
    const decision = this.#ask(question, object);
    return decision instanceof Promise ? decision.then(settle) : settle(decision);
  }

  #ask(question: ObjectQuestion, object: unknown): Decision | Promise<Decision> {
    const loaded = readLoaded(object);
    if (!("object" in loaded)) return loaded;
    return this.rule.asksObject ? question.ask(this.rule.objectStages, object) : this.dispatch.decision;
  }

  /**
   * Makes a decision about an object binding. Its refusal replaces the handler's answer, even if the handler has not
   * awaited it.
   *
   * @throws {PermissionDenied} Rejects with it when the decision does not allow.
   */
  async enforce(deciding: Decision | Promise<Decision>): Promise<void> {
    if (!(deciding instanceof Promise)) return this.#judge(deciding);
    this.#pending += 1;
    try {
      this.#judge(await deciding);
    } finally {
      this.#pending -= 1;
      if (this.#pending === 0) for (const callback of this.#waiting.splice(0)) callback();
    }
  }

  #judge(decision: Decision): void {
    if (decision.outcome === "allow") return;
    const error = denialFrom(decision);
    this.denial ??= { decision, error };
    throw error;
  }
}
