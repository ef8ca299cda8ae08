import { decisionIn } from "../decision/decision.js";
import { decisionFromError, isPermissionDenied } from "../decision/decision-from-error.js";
import type { Decision } from "../decision/decision-types.js";
import { type Evidence, HANDS_ON } from "../engine/combine.js";
import type { Stage } from "../engine/stage.js";
import type { DispatchContext } from "../guard/dispatch.js";
import type { GuardSession } from "../guard/guard-session.js";
import type { ReplyOptions } from "../guard/session/connection.js";
import type { ActionRule } from "../policy/compiled-rules.js";
import type { Consumer, Payload, Scope } from "../types.js";
import { isThenable } from "../util/thenable.js";
import { fromOtherPayload, handlerError, notAwaited, notChecked, refusalFrom } from "./handler-faults.js";
import { HandlerVerbs } from "./handler-verbs.js";
import { ObjectQuestion } from "./object-check.js";

/** One compiled action of a consumer. */
export interface ActionHandler {
  readonly rule: ActionRule;
  /** The stages that load the object and check it. */
  readonly loading: readonly Stage[] | undefined;
  readonly handler: (context: ActionInvocation) => unknown;
}

const NO_EVIDENCE: Readonly<Record<string, unknown>> = Object.freeze(Object.create(null));

const NO_OPTIONS: ReplyOptions = Object.freeze({});

/** Reads each option once, and leaves out options of a wrong type. */
function readOptions({ status, action }: ReplyOptions): ReplyOptions {
  return { ...(Number.isInteger(status) && { status }), ...(typeof action === "string" && { action }) } as ReplyOptions;
}

/** True when a handler must check an object before it answers. */
function needsCheck({ rule, loading }: ActionHandler): boolean {
  return rule.needsObject && rule.objects === undefined && loading === undefined;
}

/** The handling of one allowed message, and the context of its handler. */
export class ActionInvocation {
  object: unknown;
  evidence: Readonly<Record<string, unknown>>;
  readonly payload: Payload;
  readonly #dispatch: DispatchContext;
  readonly #action: ActionHandler;
  /** True when the handed-on payload was made from another message, or from the payload before `input` parsed it. */
  readonly #isFromOtherPayload: boolean;
  #isAnswered = false;
  /** True when nothing more is sent. */
  #isRefused = false;
  /** Set once the handler has read one of its verbs. */
  #verbs: HandlerVerbs | undefined;

  /**
   * Loads and checks the object, runs the handler, and answers exactly once.
   *
   * @returns A promise when something must be awaited. Never throws, never rejects.
   */
  static handle(dispatch: DispatchContext, action: ActionHandler): Promise<void> | undefined {
    const invocation = new ActionInvocation(dispatch, action);
    if (invocation.#isFromOtherPayload) return invocation.#refuseAndReport(fromOtherPayload(dispatch.message.action));
    return action.loading ? invocation.#load(action.loading) : invocation.#run();
  }

  private constructor(dispatch: DispatchContext, action: ActionHandler) {
    this.#dispatch = dispatch;
    this.#action = action;
    const asked = dispatch.answers?.payload ?? dispatch.message.payload;
    const evidence: Evidence = dispatch.decision.evidence;
    const handed = evidence?.[HANDS_ON];
    this.payload = handed ? handed.payload : asked;
    this.#isFromOtherPayload = handed !== undefined && handed.of !== asked;
    this.evidence = evidence ?? NO_EVIDENCE;
  }

  get scope(): Scope {
    return this.#dispatch.scope;
  }

  get session(): GuardSession {
    return this.#dispatch.session;
  }

  get consumer(): Consumer {
    return this.session.consumer;
  }

  get action(): string {
    return this.#dispatch.message.action;
  }

  get signal(): AbortSignal {
    return this.session.signal;
  }

  get reply(): (data: unknown, options?: ReplyOptions) => void {
    return (data, options = NO_OPTIONS) => {
      const check = this.#verbs?.check;
      if (check?.isPending) check.whenDecided(() => this.#attempt(data, options));
      else this.#send(data, options);
    };
  }

  get decide(): GuardSession["decide"] {
    return this.#opened.decide;
  }

  get can(): GuardSession["can"] {
    return this.#opened.can;
  }

  get authorize(): GuardSession["authorize"] {
    return this.#opened.authorize;
  }

  get reauthorize(): () => Promise<void> {
    return (...further: readonly unknown[]) =>
      this.#opened.reauthorize(this.#action.loading ? { object: this.object } : {}, further.length);
  }

  get #opened(): HandlerVerbs {
    this.#verbs ??= new HandlerVerbs(this.#dispatch, this.#action.rule, this.payload);
    return this.#verbs;
  }

  #load(loading: readonly Stage[]): Promise<void> | undefined {
    const question = new ObjectQuestion(this.#dispatch, this.payload);
    const decision = question.ask(loading, undefined);
    if (!(decision instanceof Promise)) return this.#proceed(question, decision);
    const { session } = this.#dispatch;
    session.beginObject();
    return decision.then((settled) => {
      try {
        return this.#proceed(question, settled);
      } finally {
        session.endObject();
      }
    });
  }

  /** Runs the handler if the object is allowed. */
  #proceed(question: ObjectQuestion, decision: Decision): Promise<void> | undefined {
    question.report(decision);
    if (decision.outcome !== "allow") {
      this.#refuse(decision);
      return undefined;
    }
    this.object = question.answers.object;
    this.evidence = decision.evidence ?? this.evidence;
    return this.#run();
  }

  #run(): Promise<void> | undefined {
    const { session, epoch } = this.#dispatch;
    if (session.isEnded) return undefined;
    if (epoch !== session.epoch) return session.decideAgain(this.#dispatch);
    try {
      const result = this.#action.handler(this);
      return isThenable(result) ? this.#settle(result) : this.#finish(result);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  async #settle(result: PromiseLike<unknown>): Promise<void> {
    try {
      await this.#finish(await result);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Answers with the return value of the handler, once all its checks of objects are decided. */
  #finish(value: unknown): Promise<void> | undefined {
    const forgotten = this.#verbs?.unawaited;
    if (forgotten?.length) return this.#refuseAndReport(notAwaited(this.action, forgotten));
    if (this.#isAnswered) return undefined;
    const answer = () => this.#attempt(value === undefined ? null : value, NO_OPTIONS);
    const check = this.#verbs?.check;
    if (!check?.isPending) {
      answer();
      return undefined;
    }
    return new Promise((resolve) => {
      check.whenDecided(() => {
        if (!this.#isAnswered) answer();
        resolve();
      });
    });
  }

  #attempt(data: unknown, options: ReplyOptions): void {
    try {
      this.#send(data, options);
    } catch (error) {
      this.#fail(error);
    }
  }

  #send(data: unknown, options: ReplyOptions): void {
    const { session, connection, message } = this.#dispatch;
    if (session.isEnded || this.#isRefused) return;
    const answered = decisionIn(data);
    const check = this.#verbs?.check;
    const denial = check?.denial;
    if (denial) this.#refuse(denial.decision);
    else if (answered) this.#refuseAndReport(refusalFrom(answered, message.action));
    else if (check === undefined && needsCheck(this.#action)) this.#refuseAndReport(notChecked(message.action));
    else {
      connection.reply(message, data, options === NO_OPTIONS ? options : readOptions(options));
      this.#isAnswered = true;
    }
  }

  /** Refuses a message whose handler has thrown: by `authorize`, by a `PermissionDenied` of its own, or by a fault. */
  #fail(error: unknown): void {
    const denial = this.#verbs?.check?.denial;
    if (denial && denial.error === error) this.#refuse(denial.decision);
    else if (isPermissionDenied(error)) this.#refuseAndReport(decisionFromError(error, "handler", "deny"));
    else this.#refuseAndReport(handlerError(error));
  }

  #refuseAndReport(refusal: Decision): undefined {
    const { log, scope, session } = this.#dispatch;
    const { action, consumer } = this;
    log.reportNow({ phase: "action", action, decision: refusal, scope, consumer, session });
    this.#refuse(refusal);
  }

  #refuse(refusal: Decision): void {
    const { session, connection, message } = this.#dispatch;
    const isOver = this.#isAnswered || this.#isRefused || session.isEnded;
    this.#isRefused = true;
    if (!isOver) connection.sendRefusal(message, refusal);
  }
}
