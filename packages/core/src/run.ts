import { allowing, mergeEvidence, refuses } from "./combine.js";
import { deadlinesOf, type Expiring, endWait } from "./deadline.js";
import { type Decision, decision, invalidVerdict, isDecision, isDeliberate, restate, thrown } from "./decision.js";
import type { Stage } from "./evaluate.js";
import type { Plan, PlanLeaf } from "./plan.js";
import { denialAt, type Program, type Step, UNRESOLVED } from "./program.js";
import { Question } from "./question.js";
import { isThenable } from "./thenable.js";
import type { Ask } from "./tree.js";
import type { Consumer, Payload } from "./types.js";
import { type Reading, Walk } from "./walk.js";

/** How long an evaluation may take, and what may end it before. */
export interface Control {
  /** Milliseconds for the whole question. */
  readonly timeout: number;
  readonly lifeline?: Lifeline | undefined;
}

/** Something that can be ended before it is through. */
interface Abortable {
  abort(reason: unknown): void;
}

/** The evaluations that must end when something else ends: a connection, or a caller's signal. */
export class Lifeline {
  readonly #held = new Set<Abortable>();
  isCut = false;

  add(one: Abortable): void {
    this.#held.add(one);
  }

  remove(one: Abortable): void {
    this.#held.delete(one);
  }

  /** Ends every evaluation that is under way with the code `aborted`. */
  cut(reason: unknown): void {
    this.isCut = true;
    for (const one of [...this.#held]) one.abort(reason);
  }
}

/** An answer and how long it took. */
export interface Recorded extends Reading {
  /** Milliseconds. */
  readonly milliseconds: number;
}

/** What is kept of one message: its answers, for the object question and for traces, and its parsed payload. */
export interface Watch {
  /** Answers by question, of the `permissions` and of the rule. */
  readonly answers: readonly [Map<Ask, Recorded>, Map<Ask, Recorded>];
  /** Whether answers that are there already are used instead of asking. */
  reuses: boolean;
  /** Set by an input schema. */
  payload?: Payload;
  /** Set by an object loader. */
  object?: unknown;
}

/** What a stage has found that asks no rule: the parsed payload, or the loaded object. */
export type Prepared = Pick<Watch, "payload" | "object">;

/** Makes an empty {@link Watch}. */
export function watching(): Watch {
  return { answers: [new Map(), new Map()], reuses: false };
}

/** Nobody waits for the decision any more. */
export const ABORTED = decision("error", "aborted", { status: 499 });
const TIMED_OUT = decision("error", "permission_timeout");

/**
 * One evaluation that left the fast path: it met an answer that is no boolean, or that is not there yet.
 * Its members are `private` and not `#private`, which made an async decision a quarter slower (V8 11).
 */
export class Run implements Expiring {
  previous: Expiring | undefined;
  next: Expiring | undefined;
  due = 0;

  private index = 0;
  /** Where the fast program stands; `undefined` while the walk is in charge. */
  private step: Step | undefined;
  private trues = 0;
  private walk: Walk | undefined;
  private isPreparing = false;
  private askedAt = 0;
  private evidence: Readonly<Record<string, unknown>> | undefined;
  private noted: Decision[] | undefined;
  private decision: Decision | undefined;
  private resolve: ((decision: Decision) => void) | undefined;

  constructor(
    private readonly stages: readonly Stage[],
    private readonly scope: unknown,
    private readonly consumer: Consumer,
    private readonly action: string,
    private payload: Payload,
    private object: unknown,
    private readonly control: Control,
    private readonly watch: Watch | undefined,
    private question: Question | undefined,
  ) {}

  /** Starts at a stage. */
  begin(index: number): Decision | Promise<Decision> {
    this.open(index);
    return this.start(this.advance());
  }

  /** Takes over from the fast path, with the answer it could not read. */
  resume(
    index: number,
    step: Step,
    trues: number,
    answer: unknown,
    hasThrown: boolean,
    error: unknown,
  ): Decision | Promise<Decision> {
    this.index = index;
    this.step = step;
    this.trues = trues;
    if (hasThrown) this.take(undefined, thrown(error, step.plan.name));
    const pending = hasThrown ? undefined : this.receive(answer);
    return this.start(pending ?? this.advance());
  }

  /** The deadline has passed. */
  expire(): void {
    this.settle(TIMED_OUT, TIMED_OUT.reason);
  }

  /** Nobody waits for the decision any more. */
  abort(reason: unknown): void {
    this.settle(ABORTED, reason);
  }

  private start(pending: PromiseLike<unknown> | undefined): Decision | Promise<Decision> {
    if (pending === undefined) return this.decision as Decision;
    const { lifeline, timeout } = this.control;
    if (lifeline?.isCut) {
      void this.proceed(pending);
      this.abort(undefined);
      return ABORTED;
    }
    const later = new Promise<Decision>((resolve) => {
      this.resolve = resolve;
    });
    deadlinesOf(timeout).add(this);
    lifeline?.add(this);
    void this.proceed(pending);
    return later;
  }

  /** INVARIANT: never rejects; after the decision is made nothing more is asked. */
  private async proceed(first: PromiseLike<unknown>): Promise<void> {
    for (let pending: PromiseLike<unknown> | undefined = first; pending !== undefined; ) {
      let answer: unknown;
      let failure: Decision | undefined;
      try {
        answer = await pending;
      } catch (error) {
        failure = thrown(error, this.name);
      }
      if (this.decision !== undefined) return;
      this.take(answer, failure);
      pending = this.advance();
    }
    this.settle(this.decision as unknown as Decision);
  }

  private settle(made: Decision, aborting?: unknown): void {
    this.decision ??= made;
    if (aborting !== undefined || made === ABORTED) this.question?.abort(aborting);
    const resolve = this.resolve;
    if (resolve === undefined) return;
    this.resolve = undefined;
    endWait(this);
    this.control.lifeline?.remove(this);
    resolve(this.decision);
  }

  /** Puts an answer where it belongs. */
  private take(answer: unknown, failure: Decision | undefined): void {
    if (this.isPreparing) {
      this.takePrepared(answer, failure);
      return;
    }
    if (this.walk === undefined && failure === undefined && this.watch === undefined && typeof answer === "boolean") {
      const step = this.step as Step;
      if (answer) this.trues |= step.bit;
      this.step = answer ? step.onTrue : step.onFalse;
      return;
    }
    this.walk ??= Walk.at((this.step as Step).plan as PlanLeaf, this.trues);
    const leaf = this.walk.leaf as PlanLeaf;
    const reading = failure ? { decision: failure, halts: isDeliberate(failure.error) } : read(answer, leaf);
    if (this.watch) {
      const { decision, halts } = reading;
      const milliseconds = performance.now() - this.askedAt;
      this.watch.answers[this.stage.part].set(leaf.ask, { decision, halts, milliseconds });
    }
    this.walk.give(reading);
  }

  /** Goes on until the decision is made (`undefined`) or an answer must be waited for. */
  private advance(): PromiseLike<unknown> | undefined {
    while (this.decision === undefined) {
      if (this.index >= this.stages.length) {
        this.decision = allowing(this.evidence, this.noted, this.stages.at(-1)?.program?.name);
      } else if (!this.isPreparing && this.isStageOver()) {
        this.open(this.index + 1);
      } else if (this.decision === undefined && !this.giveKnown()) {
        const pending = this.ask();
        if (pending !== undefined) return pending;
      }
    }
    return undefined;
  }

  /** Asks the question that is next; returns what must be waited for. */
  private ask(): PromiseLike<unknown> | undefined {
    let answer: unknown;
    if (this.watch) this.askedAt = performance.now();
    try {
      answer = this.call();
    } catch (error) {
      this.take(undefined, thrown(error, this.name));
      return undefined;
    }
    return this.receive(answer);
  }

  /** Puts an answer that is there where it belongs; returns one that must be waited for. */
  private receive(answer: unknown): PromiseLike<unknown> | undefined {
    let failure: Decision | undefined;
    try {
      if (isThenable(answer)) return answer;
    } catch (error) {
      failure = thrown(error, this.name);
    }
    this.take(answer, failure);
    return undefined;
  }

  private call(): unknown {
    const { parse, load } = this.stage;
    if (parse) return parse(this.payload);
    if (load) return load(this.makeQuestion());
    const { fn, self, context } = ((this.walk ? this.walk.leaf : (this.step as Step).plan) as PlanLeaf).ask;
    const { scope, consumer, action, payload } = this;
    if (!context) return fn.call(self, ...([scope, consumer, action, payload] as never[]));
    return (fn as (question: Question) => unknown).call(self, this.makeQuestion());
  }

  private makeQuestion(): Question {
    const { scope, consumer, action, payload, object } = this;
    this.question ??= new Question(scope, consumer, action, payload, object, payload);
    return this.question;
  }

  /** Uses an answer of the same message instead of asking again. */
  private giveKnown(): boolean {
    const leaf = this.walk?.leaf;
    if (leaf === undefined || !this.watch?.reuses) return false;
    const known = this.watch.answers[this.stage.part].get(leaf.ask);
    if (known !== undefined) this.walk?.give(known);
    return known !== undefined;
  }

  /** Whether the stage has passed; a stage that refuses makes the decision. */
  private isStageOver(): boolean {
    const end = this.walk ? this.walk.result?.decision : this.step?.end;
    if (end === null || end === undefined) return false;
    const { program, passesAbstain } = this.stage;
    const made = end === UNRESOLVED ? denialAt(program as Program, this.step as Step, this.trues) : end;
    if (made.outcome === "abstain" && !passesAbstain) {
      this.decision = decision("deny", "permission_denied", { by: (program as Program).name });
    } else if (refuses(made.outcome) || this.saysItAll()) {
      this.decision = made;
    } else {
      this.keep(made);
    }
    return this.decision === undefined;
  }

  /** Whether the end that was reached is the last one, and there is nothing to add to it. */
  private saysItAll(): boolean {
    const isLast = this.index === this.stages.length - 1;
    return isLast && this.walk === undefined && this.evidence === undefined && this.noted === undefined;
  }

  private keep({ evidence, causes }: Decision): void {
    if (this.stage.isRepeated) return;
    try {
      this.evidence = mergeEvidence(this.evidence, evidence);
      if (causes) this.noted = [...(this.noted ?? []), ...causes];
    } catch (error) {
      this.decision = thrown(error, (this.stage.program as Program).name);
    }
  }

  private open(index: number): void {
    this.index = index;
    this.walk = this.step = undefined;
    this.trues = 0;
    const stage = this.stages[index];
    this.isPreparing = stage?.parse !== undefined || stage?.load !== undefined;
    if (stage === undefined || this.isPreparing) return;
    const usesWalk = stage.program !== undefined && (this.watch !== undefined || stage.start === undefined);
    if (usesWalk && stage.program) this.walk = Walk.from(stage.program.root);
    else this.step = stage.start;
  }

  private takePrepared(answer: unknown, failure: Decision | undefined): void {
    const refusal = failure ?? (isDecision(answer) ? answer : undefined);
    if (refusal !== undefined) {
      this.decision = refusal;
      return;
    }
    const { payload, object } = answer as Prepared;
    if (this.stage.parse) this.payload = payload as Payload;
    else this.object = object;
    if (this.watch) Object.assign(this.watch, answer);
    this.question = undefined;
    this.open(this.index + 1);
  }

  private get stage(): Stage {
    return this.stages[this.index] as Stage;
  }

  private get name(): string {
    if (this.isPreparing) return this.stage.parse ? "input" : "object";
    const asked = this.walk ? this.walk.leaf : this.step?.plan;
    return (asked as Plan).name;
  }
}

/** The only place where the answer of a rule is read. Anything but an answer is a fault. */
function read(answer: unknown, leaf: PlanLeaf): Reading {
  if (answer === true) return { decision: allowing(), halts: false };
  if (answer === false) return { decision: leaf.denial, halts: false };
  if (!isDecision(answer)) return { decision: invalidVerdict(answer, leaf.name), halts: false };
  if (answer.outcome === "allow" || answer.outcome === "abstain") return { decision: answer, halts: false };
  return {
    decision: answer.by === "" ? restate(answer, { by: leaf.name }) : answer,
    halts: answer.outcome === "error",
  };
}
