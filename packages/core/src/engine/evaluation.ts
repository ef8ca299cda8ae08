import { ALLOWED, createDecision, decisionIn } from "../decision/decision.js";
import { decisionFromError } from "../decision/decision-from-error.js";
import type { Decision } from "../decision/decision-types.js";
import { RuleContext } from "../rules/rule-context.js";
import { isOverdue } from "../util/deadline.js";
import { isThenable, whenSettled } from "../util/thenable.js";
import type { EvaluationOptions } from "./cancellation.js";
import { allowing, type Evidence, mergeEvidence, refuses } from "./combine.js";
import { hidden } from "./hidden-actions.js";
import { Failure, isFailure, type LeafResult, leafResult, readAnswer } from "./leaf-result.js";
import { PendingDecision } from "./pending-decision.js";
import { Kind, type Step } from "./plan.js";
import type { AnswerRecord, Prepared } from "./record.js";
import type { Stage } from "./stage.js";
import { decisionAt, TreeWalker } from "./tree-walker.js";

/**
 * An evaluation that has left the fast path, after an answer that is no boolean or is asynchronous. Its members are
 * `private` and not `#private`, which made an async decision a quarter slower (V8 11).
 */
export class Evaluation extends PendingDecision {
  /** The current step of the fast program; `undefined` while the tree walker is in charge. */
  private step: Step | undefined;
  private trues = 0;
  private walk: TreeWalker | undefined;
  private askedAt = 0;
  private evidence: Evidence;
  /** Faults of stages that passed all the same. */
  private noted: readonly Decision[] | undefined;
  /** The asynchronous answer at which the fast path ended. */
  private pending: PromiseLike<unknown> | undefined;
  /** Serve every asynchronous answer of this evaluation. */
  private whenKept: ((answer: unknown) => void) | undefined;
  private whenBroken: ((error: unknown) => void) | undefined;

  /** @param index The current stage. */
  constructor(
    private readonly stages: readonly Stage[],
    private question: RuleContext,
    private readonly record: AnswerRecord | undefined,
    private index: number,
  ) {
    super();
  }

  /** Starts at the beginning of its stage. */
  begin(): this {
    this.open();
    return this;
  }

  /** Takes over from the fast path, with the answer that it could not handle. */
  resume(at: Step, trues: number, answer: unknown): this {
    this.step = at;
    this.trues = trues;
    this.pending = this.receive(answer);
    return this;
  }

  /**
   * Asks the remaining rules.
   *
   * @returns The decision, or a promise of it. Never throws, never rejects.
   */
  finish(options: EvaluationOptions): Decision | Promise<Decision> {
    const pending = this.pending ?? this.advance();
    if (pending === undefined) return this.decision as Decision;
    this.pending = undefined;
    this.follow(pending);
    return this.wait(options);
  }

  protected stop(reason: unknown): void {
    this.question.abort(reason);
  }

  private follow(pending: PromiseLike<unknown>): void {
    this.whenKept ??= (answer) => this.proceed(answer);
    this.whenBroken ??= (error) => this.proceed(new Failure(error));
    whenSettled(pending, this.whenKept, this.whenBroken);
  }

  /** INVARIANT: never throws. No rule is asked after the decision is made. */
  private proceed(answer: unknown): void {
    if (isOverdue(this)) this.expire();
    if (this.decision !== undefined) return;
    this.take(answer);
    const pending = this.advance();
    if (pending === undefined) this.settle(this.decision as unknown as Decision);
    else this.follow(pending);
  }

  /** Continues until the decision is made (`undefined`) or an answer must be awaited. */
  private advance(): PromiseLike<unknown> | undefined {
    while (this.decision === undefined) {
      const known = this.record?.reuses && this.record.answers[this.stage.part].get(this.leaf.ask);
      const pending = known ? this.give(known) : this.receive(this.ask());
      if (pending) return pending;
    }
    return undefined;
  }

  /** Takes a synchronous answer. Returns an asynchronous one. */
  private receive(answer: unknown): PromiseLike<unknown> | undefined {
    try {
      if (isThenable(answer)) return answer;
      this.take(answer);
    } catch (error) {
      this.take(new Failure(error));
    }
    return undefined;
  }

  private get stage(): Stage {
    return this.stages[this.index] as Stage;
  }

  private get leaf(): Step {
    return this.step ?? (this.walk as TreeWalker).leaf;
  }

  /** Begins a stage. */
  private open(): void {
    const { start, root } = this.stage.program;
    this.trues = 0;
    if (start && !this.record) this.goTo(start);
    else {
      this.step = undefined;
      this.walk = new TreeWalker(root);
    }
  }

  /** Goes to a step of the fast program. */
  private goTo(step: Step): void {
    this.step = step;
    if (step.end) this.close(decisionAt(this.stage.program, step, this.trues));
  }

  /** Passes an answer to the tree walker, which takes over from the fast program at the current step. */
  private give(reading: LeafResult): undefined {
    if (this.step) {
      this.walk = new TreeWalker(this.stage.program.root);
      this.walk.replay(this.step, this.trues);
      this.step = undefined;
    }
    const walk = this.walk as TreeWalker;
    walk.give(reading);
    if (walk.result) this.close(walk.result);
  }

  /** Ends a stage. Each stage is judged alone. */
  private close(decision: Decision): void {
    const { program, passesAbstain, isRepeated, hides } = this.stage;
    if (refuses(decision)) this.decision ??= hides ? hidden(decision, this.question.scope) : decision;
    else if (decision.outcome === "abstain" && !passesAbstain) {
      this.decision ??= createDecision("deny", "permission_denied", { by: program.name });
    } else {
      if (!isRepeated) this.keep(decision);
      this.index += 1;
      if (this.index < this.stages.length) this.open();
      else this.decision ??= allowing(this.evidence, this.noted, program.allowed);
    }
  }

  private keep({ evidence, causes }: Decision): void {
    try {
      this.evidence = mergeEvidence(this.evidence, evidence);
      if (causes) this.noted = [...(this.noted ?? []), ...causes];
    } catch (error) {
      this.decision ??= decisionFromError(error, this.stage.program.name);
    }
  }

  private ask(): unknown {
    const { kind, fn, self } = this.leaf;
    const { question } = this;
    const { scope, consumer, action, payload } = question;
    if (this.record) this.askedAt = performance.now();
    try {
      if (kind === Kind.ClassRule) return fn.call(self, ...([scope, consumer, action, payload, question] as never[]));
      return fn.call(self as never, question as never);
    } catch (error) {
      return new Failure(error);
    }
  }

  /** Passes a synchronous answer to the fast program or to the tree walker. */
  private take(answer: unknown): void {
    const { leaf, step, record } = this;
    if (step !== undefined && typeof answer === "boolean") {
      if (answer) this.trues |= step.bit;
      this.goTo(answer ? step.onTrue : step.onFalse);
      return;
    }
    const taken = leaf.kind === Kind.Preparation ? this.prepare(answer) : readAnswer(answer, leaf);
    if (record) {
      const milliseconds = performance.now() - this.askedAt;
      record.answers[this.stage.part].set(leaf.ask, { ...taken, milliseconds });
    }
    this.give(taken);
  }

  private prepare(answer: unknown): LeafResult {
    if (isFailure(answer) || decisionIn(answer)) return readAnswer(answer, this.leaf);
    const { scope, consumer, action, ...asked } = this.question;
    const { payload, object } = { ...asked, ...(answer as Prepared) };
    this.question = new RuleContext(scope, consumer, action, payload).about(object);
    Object.assign(this.record ?? {}, answer);
    return leafResult(ALLOWED);
  }
}
