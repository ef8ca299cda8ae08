import { decision, decisionIn } from "../decision/decision.js";
import { decisionFromError, isPermissionDenied } from "../decision/decision-from-error.js";
import type { Decision } from "../decision/decision-types.js";
import { PermissionDenied, PermissionMisuse } from "../decision/errors.js";
import type { EvaluationOptions } from "../engine/cancellation.js";
import { type Evidence, HANDS_ON, named, refuses } from "../engine/combine.js";
import { readLoaded } from "../engine/loaded-object.js";
import { type AnswerRecord, createAnswerRecord } from "../engine/record.js";
import type { Stage } from "../engine/stage.js";
import { evaluateRecorded } from "../engine/stage-list.js";
import type { DispatchContext } from "../guard/gate.js";
import type { ReplyOptions } from "../guard/session/connection.js";
import type { Session } from "../guard/session/session.js";
import type { ActionRule } from "../policy/compile-policy.js";
import { RuleContext } from "../rules/rule-context.js";
import type { Consumer, Payload, Scope } from "../types.js";
import { isThenable } from "../util/thenable.js";

/** One action of a consumer, ready to be handled. */
export interface ActionHandler {
  readonly rule: ActionRule;
  /** Loads the object and asks about it. */
  readonly loading: readonly Stage[] | undefined;
  readonly handler: (context: ActionInvocation) => unknown;
}

/**
 * Makes a loader stage of what the developer gave: nothing found is a refusal, and so is a returned `deny()` or `fault()`.
 */
export function loaderOf(object: (question: RuleContext) => unknown): (question: RuleContext) => unknown {
  return (question) => {
    const found = object(question);
    return isThenable(found) ? Promise.resolve(found).then(readLoaded) : readLoaded(found);
  };
}

const NOTHING: Readonly<Record<string, unknown>> = Object.freeze(Object.create(null));

const NO_OPTIONS: ReplyOptions = Object.freeze({});

/** Each option is read once; one of another type is left out. */
function readOptions({ status, action }: ReplyOptions): ReplyOptions {
  return { ...(Number.isInteger(status) && { status }), ...(typeof action === "string" && { action }) } as ReplyOptions;
}

/** One allowed message on its way through its handler, and what the handler is called with. */
export class ActionInvocation {
  object: unknown;
  evidence: Readonly<Record<string, unknown>>;
  readonly payload: Payload;
  readonly #turn: DispatchContext;
  readonly #action: ActionHandler;
  /** Whether its payload was made of another message, or before `input` has parsed it. */
  readonly #isAstray: boolean;
  #isAnswered = false;
  /** Whether nothing more is sent. */
  #isRefused = false;
  /** Whether the object is still to be asked about before anything may be sent. */
  #owesObject: boolean;
  /** A refusal of `authorizeObject`: it stands in place of whatever the handler answers. */
  #denial: { readonly decision: Decision; readonly error: unknown } | undefined;
  /** How many object questions are under way, and what waits for them. */
  #asking = 0;
  readonly #waiting: (() => void)[] = [];

  /**
   * Loads the object and asks about it, runs the handler, and answers exactly once.
   *
   * @returns A promise where something must be waited for. Never throws, never rejects.
   */
  static handle(turn: DispatchContext, action: ActionHandler): Promise<void> | undefined {
    const handling = new ActionInvocation(turn, action);
    if (handling.#isAstray) return handling.#refuseAndReport(handedAstray(turn.message.action));
    return action.loading ? handling.#load(action.loading) : handling.#run();
  }

  private constructor(turn: DispatchContext, action: ActionHandler) {
    this.#turn = turn;
    this.#action = action;
    const asked = turn.watch?.payload ?? turn.message.payload;
    const evidence: Evidence = turn.decision.evidence;
    const handed = evidence?.[HANDS_ON];
    this.payload = handed ? handed.payload : asked;
    this.#isAstray = handed !== undefined && handed.of !== asked;
    this.evidence = evidence ?? NOTHING;
    const { pending, objects } = action.rule;
    this.#owesObject = pending && objects === undefined && action.loading === undefined;
  }

  get scope(): Scope {
    return this.#turn.scope;
  }

  get session(): Session {
    return this.#turn.session;
  }

  get consumer(): Consumer {
    return this.session.consumer;
  }

  get action(): string {
    return this.#turn.message.action;
  }

  get signal(): AbortSignal {
    return this.session.signal;
  }

  get reply(): (data: unknown, options?: ReplyOptions) => void {
    return (data, options = NO_OPTIONS) => {
      if (this.#asking === 0) this.#send(data, options);
      else this.#waiting.push(() => this.#attempt(data, options));
    };
  }

  get authorizeObject(): (object: unknown) => Decision | Promise<Decision> {
    return (object) => this.#askObject(object);
  }

  #load(loading: readonly Stage[]): Promise<void> | undefined {
    const watch = this.#reusing();
    const startedAt = this.#turn.gate.now();
    const go = (made: Decision) => {
      this.#report("object", made, watch, startedAt);
      if (made.outcome !== "allow") {
        this.#refuse(made);
        return undefined;
      }
      this.object = watch.object;
      this.evidence = made.evidence ?? this.evidence;
      return this.#run();
    };
    const made = this.#evaluate(loading, undefined, watch);
    if (!(made instanceof Promise)) return go(made);
    const { session } = this;
    session.beginObject();
    return made.then((later) => {
      try {
        return go(later);
      } finally {
        session.endObject();
      }
    });
  }

  #run(): Promise<void> | undefined {
    if (this.session.isEnded) return undefined;
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

  /** Answers with what the handler returned, once every object it asked about is decided. */
  #finish(value: unknown): Promise<void> | undefined {
    if (this.#isAnswered) return undefined;
    const answer = () => this.#attempt(value === undefined ? null : value, NO_OPTIONS);
    if (this.#asking === 0) {
      answer();
      return undefined;
    }
    return new Promise((resolve) => {
      this.#waiting.push(() => {
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
    const { session, link, message } = this.#turn;
    if (session.isEnded || this.#isRefused) return;
    const said = decisionIn(data);
    if (this.#denial) this.#refuse(this.#denial.decision);
    else if (said) this.#refuseAndReport(refusalFrom(said, message.action));
    else if (this.#owesObject) this.#refuseAndReport(notChecked(message.action));
    else {
      link.reply(message, data, options === NO_OPTIONS ? options : readOptions(options));
      this.#isAnswered = true;
    }
  }

  /** What a handler throws is a refusal: that of `authorizeObject`, its own, or a fault. */
  #fail(error: unknown): void {
    const { decision: denied, error: denying } = this.#denial ?? {};
    if (denied && denying === error) this.#refuse(denied);
    else if (isPermissionDenied(error)) this.#refuseAndReport(decisionFromError(error, "handler", "deny"));
    else this.#refuseAndReport(handlerError(error));
  }

  #refuseAndReport(refusal: Decision): undefined {
    this.#report("action", refusal, undefined, this.#turn.gate.now());
    this.#refuse(refusal);
  }

  #refuse(refusal: Decision): void {
    const { session, link, message } = this.#turn;
    const isOver = this.#isAnswered || this.#isRefused || session.isEnded;
    this.#isRefused = true;
    if (!isOver) link.sendRefusal(message, refusal);
  }

  #askObject(object: unknown): Decision | Promise<Decision> {
    this.#owesObject = false;
    const { rule } = this.#action;
    const watch = this.#reusing();
    const startedAt = this.#turn.gate.now();
    const judge = (made: Decision): Decision => {
      this.#report("object", made, watch, startedAt);
      if (made.outcome === "allow") return made;
      const error = new PermissionDenied(made.code, made);
      this.#denial ??= { decision: made, error };
      throw error;
    };
    const loaded = readLoaded(object);
    const known = "object" in loaded ? this.#turn.decision : loaded;
    const made = "object" in loaded && rule.asksObject ? this.#evaluate(rule.objectStages, object, watch) : known;
    if (!(made instanceof Promise)) return judge(made);
    this.#asking += 1;
    const judged = made.then(judge).finally(() => this.#asked());
    // A handler may let go of it: its refusal counts all the same, and must not become an unhandled rejection.
    judged.catch(() => undefined);
    return judged;
  }

  #asked(): void {
    this.#asking -= 1;
    if (this.#asking === 0) for (const go of this.#waiting.splice(0)) go();
  }

  #evaluate(stages: readonly Stage[], object: unknown, watch: AnswerRecord): Decision | Promise<Decision> {
    const { gate, session, scope } = this.#turn;
    const control: EvaluationOptions = { timeout: gate.timeouts.object, cancellation: session.cancellation };
    const question = new RuleContext(scope, this.consumer, this.action, this.payload).about(object);
    return evaluateRecorded(stages, question, control, watch);
  }

  /** The answers of the message so far. A copy: what is found out about one object is not said of another. */
  #reusing(): AnswerRecord {
    const [first, second] = (this.#turn.watch ?? createAnswerRecord()).answers;
    return { answers: [new Map(first), new Map(second)], reuses: true };
  }

  #report(phase: "action" | "object", made: Decision, watch: AnswerRecord | undefined, startedAt: number): void {
    const { gate, session, scope } = this.#turn;
    gate.report(phase, this.action, made, session, watch, startedAt, scope);
  }
}

function handlerError(error: unknown): Decision {
  return decision("error", "handler_error", { by: "handler", reason: "The action could not be done.", error });
}

/** A handler that answers a decision has refused; one that allows is no answer. */
function refusalFrom(said: Decision, action: string): Decision {
  if (refuses(said)) return named(said, "handler");
  return handlerError(
    new PermissionMisuse(
      `the handler of action "${action}" answered a decision that allows: return data, not a decision`,
    ),
  );
}

/** A handler behind a rule that only knows objects has answered without asking about one. */
function notChecked(action: string): Decision {
  const error = new PermissionMisuse(
    `the rule of action "${action}" knows objects: call authorizeObject(object) in the handler before it answers, or name how to load it, as in .action("${action}", rule, { object: ({ payload }) => ... }, handler)`,
  );
  return decision("error", "object_not_checked", { by: "handler", error });
}

/** What a rule hands on is of another payload than the handler's. */
function handedAstray(action: string): Decision {
  const error = new PermissionMisuse(
    `a rule of action "${action}" hands on what it made of another payload: ask it behind \`input\` and not in \`permissions\`, about each message anew`,
  );
  return decision("error", "permission_error", { by: "handler", error });
}
