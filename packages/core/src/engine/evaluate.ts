import { type Decision, decision } from "../decision/decision.js";
import { RuleContext } from "../rules/rule-context.js";
import type { Consumer, Payload } from "../types.js";
import { type AnswerRecord, Evaluation, type EvaluationOptions } from "./evaluation.js";
import { Kind } from "./plan.js";
import type { Program } from "./program.js";
import { decisionAt, Failure } from "./tree-walker.js";

/** One part of a question to a policy. All stages must pass, each judged alone. */
export interface Stage {
  /** Whose answers these are: 0 the policy's `permissions`, 1 the rule of the moment. */
  readonly part: 0 | 1;
  readonly program: Program;
  /** Whether "nothing to say" passes. */
  readonly passesAbstain: boolean;
  /** Whether a later stage asks the same rules again: what they found is taken from there. */
  readonly isRepeated: boolean;
  /** Whether a client without a user is not told that its payload does not fit. */
  hides: boolean;
}

/** What is answered where nothing is to be asked. */
const OPEN = decision("allow", "allowed", { by: "policy" });

/**
 * Asks the stages in order, sync as long as every answer is there: no promise, no timer, and no allocation but one
 * context where a function rule is asked. The first answer that is neither true nor false hands over to a {@link Evaluation}.
 *
 * @returns The decision, or a promise of it. Never throws, never rejects.
 */
export function evaluate(
  stages: readonly Stage[],
  scope: unknown,
  consumer: Consumer,
  action: string,
  payload: Payload,
  object: unknown,
  control: EvaluationOptions,
  watch: AnswerRecord | undefined,
): Decision | Promise<Decision> {
  let question: RuleContext | undefined;
  let passed = OPEN;
  for (let index = 0; index < stages.length; index++) {
    const { program } = stages[index] as Stage;
    let step = program.start;
    if (step === undefined || watch !== undefined) {
      question ??= new RuleContext(scope, consumer, action, payload, object);
      return new Evaluation(stages, index, question, control, watch).begin();
    }
    let trues = 0;
    let answer: unknown;
    try {
      while (step.kind < Kind.Allows) {
        if (step.kind === Kind.ClassRule) {
          answer = step.fn.call(step.self, scope as never, consumer as never, action as never, payload as never);
        } else {
          question ??= new RuleContext(scope, consumer, action, payload, object);
          const { fn } = step;
          answer = fn(question as never);
        }
        if (answer === true) {
          trues |= step.bit;
          step = step.onTrue;
        } else if (answer === false) {
          step = step.onFalse;
        } else break;
      }
    } catch (error) {
      answer = new Failure(error);
    }
    const { end } = step;
    if (end === null) {
      question ??= new RuleContext(scope, consumer, action, payload, object);
      return new Evaluation(stages, index, question, control, watch).resume(step, trues, answer);
    }
    if (step.kind === Kind.Refuses) return decisionAt(program, step, trues);
    passed = end;
  }
  return passed;
}
