import { ALLOWED, type Decision, decision, decisionFromError, decisionIn } from "../decision/decision.js";
import { RuleContext } from "../rules/rule-context.js";
import type { RuleHook } from "../rules/tree.js";
import type { Payload } from "../types.js";
import { cancelTimeout, isOverdue, type TimeoutNode, timeoutListOf } from "../util/deadline.js";
import { isThenable } from "../util/thenable.js";
import { allowing, type Evidence, mergeEvidence, refuses } from "./combine.js";
import type { Stage } from "./evaluate.js";
import { hidden } from "./hidden-actions.js";
import { Kind, type Step } from "./plan.js";
import { decisionAt, Failure, isFailure, type LeafResult, leafResult, readAnswer, TreeWalker } from "./tree-walker.js";

/** How long an evaluation may take, and what may end it before. */
export interface EvaluationOptions {
  /** Milliseconds for the whole question. */
  readonly timeout: number;
  readonly cancellation?: CancellationScope | undefined;
}

/** Something that can be ended before it is through. */
interface Abortable {
  abort(reason: unknown): void;
}

/** The evaluations that must end when something else ends: a connection, or a caller's signal. */
export class CancellationScope {
  readonly #held = new Set<Abortable>();
  isCancelled = false;

  add(one: Abortable): void {
    this.#held.add(one);
  }

  remove(one: Abortable): void {
    this.#held.delete(one);
  }

  /** Ends every evaluation that is under way with the code `aborted`. */
  cancel(reason: unknown): void {
    this.isCancelled = true;
    for (const one of [...this.#held]) one.abort(reason);
  }
}

/** An answer and how long it took. */
export interface RecordedAnswer extends LeafResult {
  /** Milliseconds. */
  readonly milliseconds: number;
}

/** What is kept of one message: its answers, for the object question and for traces, and its parsed payload. */
export interface AnswerRecord {
  /** Answers by question, of the `permissions` and of the rule. */
  readonly answers: readonly [Map<RuleHook, RecordedAnswer>, Map<RuleHook, RecordedAnswer>];
  /** Whether answers that are there already are used instead of asking. */
  reuses: boolean;
  /** Set by an input schema. */
  payload?: Payload;
  /** Set by an object loader. */
  object?: unknown;
}

/** What a stage has found that asks no rule: the parsed payload, or the loaded object. */
export type Prepared = Pick<AnswerRecord, "payload" | "object">;

/** Makes an empty {@link AnswerRecord}. */
export function createAnswerRecord(): AnswerRecord {
  return { answers: [new Map(), new Map()], reuses: false };
}

/** Nobody waits for the decision any more. */
export const ABORTED = decision("error", "aborted", { status: 499 });
const TIMED_OUT = decision("error", "permission_timeout");

/**
 * One evaluation that left the fast path: it met an answer that is no boolean, or that is not there yet.
 * Its members are `private` and not `#private`, which made an async decision a quarter slower (V8 11).
 */
export class Evaluation implements TimeoutNode {
  previous: TimeoutNode | undefined;
  next: TimeoutNode | undefined;
  due = 0;

  /** Where the fast program stands; `undefined` while the walk is in charge. */
  private step: Step | undefined;
  private trues = 0;
  private walk: TreeWalker | undefined;
  private askedAt = 0;
  private evidence: Evidence;
  /** Faults behind which a stage has passed. */
  private noted: readonly Decision[] | undefined;
  private decision: Decision | undefined;
  private resolve: ((decision: Decision) => void) | undefined;

  /** @param index The stage it stands at. */
  constructor(
    private readonly stages: readonly Stage[],
    private index: number,
    private question: RuleContext,
    private readonly control: EvaluationOptions,
    private readonly watch: AnswerRecord | undefined,
  ) {}

  /** Starts at the beginning of its stage. */
  begin(): Decision | Promise<Decision> {
    this.open();
    return this.go();
  }

  /** Takes over from the fast path, with the answer it could not read. */
  resume(at: Step, trues: number, answer: unknown): Decision | Promise<Decision> {
    this.step = at;
    this.trues = trues;
    return this.go(this.receive(answer));
  }

  private go(first?: PromiseLike<unknown>): Decision | Promise<Decision> {
    const pending = first ?? this.advance();
    if (pending === undefined) return this.decision as Decision;
    const { cancellation, timeout } = this.control;
    void this.proceed(pending);
    if (cancellation?.isCancelled) {
      this.abort(undefined);
      return ABORTED;
    }
    timeoutListOf(timeout).add(this);
    cancellation?.add(this);
    return new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  /** The deadline has passed. */
  expire(): void {
    this.end(TIMED_OUT, TIMED_OUT.reason);
  }

  /** Nobody waits for the decision any more. */
  abort(reason: unknown): void {
    this.end(ABORTED, reason);
  }

  private end(made: Decision, reason: unknown): void {
    this.question.abort(reason);
    this.settle(made);
  }

  private settle(made: Decision): void {
    this.decision ??= made;
    cancelTimeout(this);
    this.control.cancellation?.remove(this);
    this.resolve?.(this.decision);
  }

  /** INVARIANT: never rejects; after the decision is made nothing more is asked. */
  private async proceed(first: PromiseLike<unknown>): Promise<void> {
    for (let pending: PromiseLike<unknown> | undefined = first; pending !== undefined; ) {
      let answer: unknown;
      try {
        answer = await pending;
      } catch (error) {
        answer = new Failure(error);
      }
      if (isOverdue(this)) this.expire();
      if (this.decision !== undefined) return;
      this.take(answer);
      pending = this.advance();
    }
    this.settle(this.decision as unknown as Decision);
  }

  /** Goes on until the decision is made (`undefined`) or an answer must be waited for. */
  private advance(): PromiseLike<unknown> | undefined {
    while (this.decision === undefined) {
      const known = this.watch?.reuses && this.watch.answers[this.stage.part].get(this.leaf.ask);
      const pending = known ? this.give(known) : this.receive(this.ask());
      if (pending) return pending;
    }
    return undefined;
  }

  /** Takes an answer that is there; returns one that must be waited for. */
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
    if (start && !this.watch) this.goTo(start);
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

  /** Gives a reading to the walk, which takes over where the fast program stands. */
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

  /** Ends a stage. Each is judged alone. */
  private close(made: Decision): void {
    const { program, passesAbstain, isRepeated, hides } = this.stage;
    if (refuses(made)) this.decision ??= hides ? hidden(made, this.question.scope) : made;
    else if (made.outcome === "abstain" && !passesAbstain) {
      this.decision ??= decision("deny", "permission_denied", { by: program.name });
    } else {
      if (!isRepeated) this.keep(made);
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
    if (this.watch) this.askedAt = performance.now();
    try {
      if (kind === Kind.ClassRule) return fn.call(self, ...([scope, consumer, action, payload] as never[]));
      return fn.call(self as never, question as never);
    } catch (error) {
      return new Failure(error);
    }
  }

  /** Puts an answer where it belongs. */
  private take(answer: unknown): void {
    const { leaf, step, watch } = this;
    if (step !== undefined && typeof answer === "boolean") {
      if (answer) this.trues |= step.bit;
      this.goTo(answer ? step.onTrue : step.onFalse);
      return;
    }
    const taken = leaf.kind === Kind.Preparation ? this.prepare(answer) : readAnswer(answer, leaf);
    if (watch) {
      const milliseconds = performance.now() - this.askedAt;
      watch.answers[this.stage.part].set(leaf.ask, { ...taken, milliseconds });
    }
    this.give(taken);
  }

  private prepare(answer: unknown): LeafResult {
    if (isFailure(answer) || decisionIn(answer)) return readAnswer(answer, this.leaf);
    const { scope, consumer, action, ...asked } = this.question;
    const { payload, object } = { ...asked, ...(answer as Prepared) };
    this.question = new RuleContext(scope, consumer, action, payload, object);
    Object.assign(this.watch ?? {}, answer);
    return leafResult(ALLOWED);
  }
}
