import { abstain } from "../decision/answers.js";
import { decisionFromError } from "../decision/decision-from-error.js";
import type { Decision, Outcome } from "../decision/decision-types.js";
import { allowing, combine, type Evidence, mergeEvidence, negate, refuses } from "./combine.js";
import { type LeafResult, leafResult, readAnswer } from "./leaf-result.js";
import { OutcomeFold } from "./outcome-fold.js";
import { isStep, type Plan, type PlanBranch, type Step } from "./plan.js";
import { type Program, UNRESOLVED } from "./program.js";

/** One branch under evaluation, with the evidence and the causes of its outcome. */
class Frame {
  readonly #fold: OutcomeFold;
  /** Position of the next operand. */
  #next = 0;
  #evidence: Evidence;
  /** Denials and errors, in the order they were met. */
  readonly #met: Decision[] = [];
  /** Faults of operands that allowed all the same. */
  readonly #noted: Decision[] = [];

  constructor(private readonly branch: PlanBranch) {
    this.#fold = new OutcomeFold(branch.kind === "or" ? "or" : "and");
  }

  operand(): Plan {
    return this.branch.operands[this.#next++] as Plan;
  }

  /** Takes the answer of an operand. Returns the answer of the branch once it is decided. */
  take({ decision, isFinal }: LeafResult): LeafResult | undefined {
    const { kind, name, denial, operands } = this.branch;
    if (kind === "not") return leafResult(negate(decision, denial), isFinal);
    const isDecided = this.#fold.add(this.#keep(decision, name), isFinal);
    if (!isDecided && this.#next < operands.length) return undefined;
    const { outcome, isFinal: isFault } = this.#fold;
    if (outcome === "allow") return leafResult(allowing(this.#evidence, [...this.#met, ...this.#noted]));
    if (outcome === "abstain") return leafResult(abstain());
    return leafResult(combine(this.#met, outcome), isFault);
  }

  /** Keeps evidence and causes of an answer. Returns its outcome, or an error when its evidence cannot be merged. */
  #keep(decision: Decision, name: string): Outcome {
    const { outcome, causes, evidence } = decision;
    if (refuses(decision)) this.#met.push(decision);
    else if (outcome === "allow") {
      if (causes) this.#noted.push(...causes);
      try {
        this.#evidence = mergeEvidence(this.#evidence, evidence);
      } catch (error) {
        this.#met.push(decisionFromError(error, name));
        return "error";
      }
    }
    return outcome;
  }
}

/**
 * The general evaluator of a plan. It takes the answers of the leaves one by one, so that they may be synchronous or
 * asynchronous, and no leaf is asked twice.
 */
export class TreeWalker {
  /** The leaf to ask next; without meaning once there is a result. */
  leaf!: Step;
  result: Decision | undefined;
  readonly #path: Frame[] = [];

  constructor(root: Plan) {
    this.#enter(root);
  }

  /** Takes the answer of `leaf` and moves on to the next one. */
  give(answer: LeafResult): void {
    let result = answer;
    for (let frame = this.#path.at(-1); frame !== undefined; frame = this.#path.at(-1)) {
      const decided = frame.take(result);
      if (decided === undefined) {
        this.#enter(frame.operand());
        return;
      }
      result = decided;
      this.#path.pop();
    }
    this.result = result.decision;
  }

  /**
   * Replays the evaluation up to `at`. Answers come from the bit mask; those of leaves without a bit are inferred from
   * having reached `at`.
   */
  replay(at: Step, trues: number): void {
    while (this.result === undefined && this.leaf !== at) {
      const { bit, onTrue } = this.leaf;
      const isTrue = bit ? (trues & bit) !== 0 : onTrue === at || (!onTrue.end && onTrue.index <= at.index);
      this.give(readAnswer(isTrue, this.leaf));
    }
  }

  #enter(plan: Plan): void {
    let node = plan;
    while (!isStep(node)) {
      const frame = new Frame(node);
      this.#path.push(frame);
      node = frame.operand();
    }
    this.leaf = node;
  }
}

const MAX_REMEMBERED = 256;

/** Returns the decision at an end of the fast program. Denials are cached, so that each is made once. */
export function decisionAt({ root, denials }: Program, end: Step, trues: number): Decision {
  const known = end.end === UNRESOLVED ? denials?.get(trues) : end.end;
  if (known) return known;
  const walk = new TreeWalker(root);
  walk.replay(end, trues);
  const decision = walk.result as Decision;
  if (denials === undefined) end.end = decision;
  else if (denials.size < MAX_REMEMBERED) denials.set(trues, decision);
  return decision;
}
