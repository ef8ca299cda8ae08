import type { MaybeDecision } from "../decision/decision-types.js";
import { enforce, isAllowed } from "../decision/enforce.js";
import { ABORTED, CancellationScope, type EvaluationOptions } from "../engine/cancellation.js";
import { readLoaded } from "../engine/loaded-object.js";
import { type AnswerRecord, createAnswerRecord } from "../engine/record.js";
import { evaluateRecorded, type StageList } from "../engine/stage-list.js";
import { describeTree } from "../rules/describe.js";
import { RuleContext } from "../rules/rule-context.js";
import type { Phase } from "../rules/tree.js";
import type { Consumer, Payload } from "../types.js";
import type { ActionRule, Rules } from "./compiled-rules.js";
import type { DecideOptions, DescribedPolicy, Policy } from "./policy-types.js";
import {
  DECIDE,
  DECIDE_CONNECT,
  isFault,
  optionsOf,
  type ReadDecideOptions,
  readDecideOptions,
  readQuestion,
} from "./read-decide-options.js";

/** Options of `decide` for adapters, which record the answers of the rules. */
interface RecordedOptions extends DecideOptions {
  readonly record?: AnswerRecord | undefined;
}

const EMPTY_PAYLOAD: Payload = Object.freeze(Object.create(null));

/** The client of a question, and the deadline of its evaluations. Sessions implement it. */
export interface Caller extends EvaluationOptions {
  readonly scope: unknown;
  readonly consumer: Consumer;
}

/** The part of a message that rules get. */
export interface ActionMessage {
  readonly action: string;
  readonly payload: Payload;
}

/** A policy at run time, as adapters and `explain` use it. */
export class PolicyEngine implements Policy<unknown> {
  constructor(readonly rules: Rules) {}

  // biome-ignore lint/complexity/useMaxParams: the question of DCRF, in its order
  decide(
    scope: unknown,
    consumer: Consumer,
    action: string,
    payload: Payload = EMPTY_PAYLOAD,
    options?: RecordedOptions,
    ...further: readonly never[]
  ): MaybeDecision {
    const { rules } = this;
    const entry = rules.entryOf(action);
    if (entry.judgesObject || options !== undefined || further.length > 0) {
      const read = readQuestion(DECIDE, entry, payload, optionsOf(options, further.length));
      if (isFault(read)) return read;
      if (options !== undefined) return this.#decideWith({ scope, consumer }, { action, payload }, read);
    }
    return entry.stages.decide(scope, consumer, action, payload, rules.controls.action);
  }

  can(...question: Parameters<PolicyEngine["decide"]>): Promise<boolean> {
    return isAllowed(this.decide(...question));
  }

  authorize(...question: Parameters<PolicyEngine["decide"]>): Promise<void> {
    return enforce(this.decide(...question));
  }

  // biome-ignore lint/complexity/useMaxParams: further arguments are a fault
  decideConnect(
    scope: unknown,
    consumer: Consumer,
    message: Payload = EMPTY_PAYLOAD,
    options: RecordedOptions = {},
    ...further: readonly never[]
  ): MaybeDecision {
    const read = readDecideOptions(DECIDE_CONNECT, optionsOf(options, further.length));
    if (isFault(read)) return read;
    return this.#ask("connect", read, (limits) =>
      this.evaluateConnect({ ...limits, scope, consumer }, message, read.record),
    );
  }

  canConnect(...question: Parameters<PolicyEngine["decideConnect"]>): Promise<boolean> {
    return isAllowed(this.decideConnect(...question));
  }

  authorizeConnect(...question: Parameters<PolicyEngine["decideConnect"]>): Promise<void> {
    return enforce(this.decideConnect(...question));
  }

  describe(): DescribedPolicy {
    const { connect, permissions, table } = this.rules;
    const actions = table && Object.fromEntries([...table].map(([name, entry]) => [name, describeEntry(entry)]));
    return {
      ...(connect && { connect: describeTree(connect) }),
      ...(permissions && { permissions: describeTree(permissions) }),
      ...(actions && { actions }),
    };
  }

  /** Evaluates the connect phase. Never throws, never rejects. */
  evaluateConnect(caller: Caller, message: Payload, record?: AnswerRecord): MaybeDecision {
    return evaluate(this.rules.connectStages, caller, { action: "connect", payload: message }, record);
  }

  /** Evaluates the action phase of a message. Never throws, never rejects. */
  evaluateAction(caller: Caller, message: ActionMessage, record?: AnswerRecord): MaybeDecision {
    return evaluate(this.rules.entryOf(message.action).stages, caller, message, record);
  }

  /**
   * Evaluates the object phase of a message. Answers that the record already holds are reused, so a record serves one
   * object only. Never throws, never rejects.
   */
  evaluateObject(
    caller: Caller,
    { action, payload }: ActionMessage,
    object: unknown,
    record = createAnswerRecord(),
  ): MaybeDecision {
    const loaded = readLoaded(object);
    if (!("object" in loaded)) return loaded;
    const question = new RuleContext(caller.scope, caller.consumer, action, payload).about(object);
    return evaluateRecorded(this.rules.entryOf(action).objectStages, question, caller, { ...record, reuses: true });
  }

  /** Separate from `decide`, because closures there would cost every call an allocation. */
  #decideWith(
    client: Omit<Caller, keyof EvaluationOptions>,
    message: ActionMessage,
    options: ReadDecideOptions,
  ): MaybeDecision {
    const { record, object } = options;
    if (!options.hasObject) {
      return this.#ask("action", options, (limits) => this.evaluateAction({ ...client, ...limits }, message, record));
    }
    return this.#ask("object", options, (limits) =>
      this.evaluateObject({ ...client, ...limits }, message, object, record),
    );
  }

  #ask(
    phase: Phase,
    { signal }: ReadDecideOptions,
    question: (limits: EvaluationOptions) => MaybeDecision,
  ): MaybeDecision {
    const limits = this.rules.controls[phase];
    if (signal === undefined) return question(limits);
    if (signal.aborted) return ABORTED;
    const cancellation = new CancellationScope();
    const cancel = () => cancellation.cancel(signal.reason);
    const decision = question({ timeout: limits.timeout, cancellation });
    if (!(decision instanceof Promise)) return decision;
    // A rule may have aborted the signal during the evaluation.
    if (signal.aborted) cancel();
    signal.addEventListener("abort", cancel);
    return decision.finally(() => signal.removeEventListener("abort", cancel));
  }
}

function evaluate(
  stages: StageList,
  caller: Caller,
  { action, payload }: ActionMessage,
  record: AnswerRecord | undefined,
): MaybeDecision {
  const { scope, consumer } = caller;
  if (record) return evaluateRecorded(stages.list, new RuleContext(scope, consumer, action, payload), caller, record);
  return stages.decide(scope, consumer, action, payload, caller);
}

function describeEntry({ rule, concurrent, objects }: ActionRule) {
  return { rule: describeTree(rule), ...(concurrent && { concurrent }), ...(objects && { objects }) };
}
