import { createDecision } from "../decision/decision.js";
import type { Decision } from "../decision/decision-types.js";
import { LazySignal, Use } from "../rules/lazy-signal.js";
import { RuleContext } from "../rules/rule-context.js";
import type { Consumer, Payload } from "../types.js";
import type { EvaluationOptions } from "./cancellation.js";
import { Evaluation } from "./evaluation.js";
import { Failure } from "./leaf-result.js";
import { Kind, type Step } from "./plan.js";
import type { Program } from "./program.js";
import type { AnswerRecord } from "./record.js";
import type { Stage } from "./stage.js";
import { decisionAt } from "./tree-walker.js";

/** `hasPermission` of a class. */
type ClassHook = (...question: readonly unknown[]) => unknown;

/** The decision of a question without stages. */
const OPEN = createDecision("allow", "allowed", { by: "policy" });

/** A stage as the fast path reads it. A linked list takes fewer loads than an array. */
interface LinkedStage {
  readonly program: Program;
  readonly start: Step | undefined;
  readonly index: number;
  readonly next: LinkedStage | undefined;
}

/** The stages of one question, in the order of asking. */
export class StageList {
  /** The last argument of class rules. One object serves many questions, until a rule reads its signal or answers later. */
  private options = new LazySignal();
  private readonly first: LinkedStage | undefined;

  constructor(readonly list: readonly Stage[]) {
    const link = (next: LinkedStage | undefined, { program }: Stage, index: number) => {
      return { program, start: program.start, index, next };
    };
    this.first = list.reduceRight(link, undefined);
  }

  /**
   * Asks the stages synchronously, without a promise or a timer. The only allocation is a context for function rules.
   * The first answer that is neither true nor false starts an {@link Evaluation}.
   *
   * V8 inlines functions of at most 460 bytes of bytecode. This one has 419.
   *
   * @returns The decision, or a promise of it. Never throws, never rejects.
   */
  // biome-ignore lint/complexity/useMaxParams: the question of DCRF, in its order, and its limits
  decide(scope: unknown, consumer: Consumer, action: string, payload: Payload, limits: EvaluationOptions) {
    const options = this.lend();
    let question: RuleContext | undefined;
    let passed = OPEN;
    let link = this.first;
    let step: Step | undefined;
    let trues = 0;
    let answer: unknown;
    for (; ; link = link.next) {
      if (link === undefined) return options.release(passed);
      step = link.start;
      if (step === undefined) break;
      trues = 0;
      try {
        while (step.kind < Kind.Refuses) {
          if (step.kind === Kind.ClassRule) {
            answer = (step.fn as ClassHook).call(step.self, scope, consumer, action, payload, options);
          } else {
            question ??= new RuleContext(scope, consumer, action, payload);
            answer = step.fn.call(undefined, question as never);
          }
          if (answer === true) {
            trues |= step.bit;
            step = step.onTrue;
          } else if (answer === false) step = step.onFalse;
          else break;
        }
      } catch (error) {
        answer = new Failure(error);
      }
      if (step.kind === Kind.Refuses) return options.release(decisionAt(link.program, step, trues));
      if (step.end === null) break;
      passed = step.end;
    }
    question ??= new RuleContext(scope, consumer, action, payload);
    const begun = new Evaluation(this.list, question.adopt(options), undefined, link.index);
    return (step ? begun.resume(step, trues, answer) : begun.begin()).finish(limits);
  }

  /** Returns options that no other question uses: a rule may keep them, or ask the same action again. */
  private lend(): LazySignal {
    let { options } = this;
    if (options.use !== Use.None) {
      const isKept = options.use === Use.Kept;
      options = new LazySignal();
      if (isKept) this.options = options;
    }
    options.use = Use.Lent;
    return options;
  }
}

/**
 * Asks the stages, and records every answer.
 *
 * @returns The decision, or a promise of it. Never throws, never rejects.
 */
export function evaluateRecorded(
  stages: readonly Stage[],
  question: RuleContext,
  options: EvaluationOptions,
  record: AnswerRecord,
): Decision | Promise<Decision> {
  return stages.length === 0 ? OPEN : new Evaluation(stages, question, record, 0).begin().finish(options);
}
