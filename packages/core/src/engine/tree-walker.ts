import { abstain, invalidAnswer } from "../decision/answers.js";
import { ALLOWED, decisionIn } from "../decision/decision.js";
import { decisionFromError, isPermissionDenied } from "../decision/decision-from-error.js";
import type { Decision, Outcome } from "../decision/decision-types.js";
import { allowing, combine, type Evidence, mergeEvidence, named, negate, refuses } from "./combine.js";
import { OutcomeFold } from "./outcome-fold.js";
import { isStep, type Plan, type PlanBranch, type Step } from "./plan.js";
import { type Program, UNRESOLVED } from "./program.js";

/** The answer of one leaf or branch on the way. */
export interface LeafResult {
  readonly decision: Decision;
  /** A returned `fault`: nothing behind it is asked. A throw is gone past. */
  readonly isFinal: boolean;
}

export function leafResult(decision: Decision, isFinal = false): LeafResult {
  return { decision, isFinal };
}

/** Stands in place of the answer of a rule that has thrown. */
export class Failure {
  readonly #isMade = true;

  constructor(readonly error: unknown) {}

  static has(value: object): value is Failure {
    return #isMade in value;
  }
}

/** Not by `instanceof`, which a proxy may throw at. */
export function isFailure(answer: unknown): answer is Failure {
  return typeof answer === "object" && answer !== null && Failure.has(answer);
}

/** The only place where the answer of a rule is read. Anything but an answer is a fault. Never throws. */
export function readAnswer(answer: unknown, { name, denial }: Step): LeafResult {
  if (answer === true) return leafResult(ALLOWED);
  if (answer === false) return leafResult(denial);
  if (isFailure(answer)) return leafResult(decisionFromError(answer.error, name), isPermissionDenied(answer.error));
  const made = decisionIn(answer);
  if (made === undefined) return leafResult(invalidAnswer(answer, name));
  return leafResult(named(made, name), made.outcome === "error");
}

/** One branch on the way, with the evidence and the causes of its outcome. */
class Frame {
  readonly #fold: OutcomeFold;
  /** Position of the operand that comes next. */
  #next = 0;
  #evidence: Evidence;
  /** Denials and errors, in the order they were met. */
  readonly #met: Decision[] = [];
  /** Faults behind operands that allowed all the same. */
  readonly #noted: Decision[] = [];

  constructor(private readonly branch: PlanBranch) {
    this.#fold = new OutcomeFold(branch.kind === "or" ? "or" : "and");
  }

  operand(): Plan {
    return this.branch.operands[this.#next++] as Plan;
  }

  /** Takes the answer of an operand. Returns the answer of the branch once that is decided. */
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

  /** Keeps evidence and causes of an answer. Returns its outcome, an error where its evidence cannot be merged. */
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
 * The general program: it is fed one leaf after the other, so that answers may come at once or later, and no leaf is
 * asked twice.
 */
export class TreeWalker {
  /** The leaf to ask next; of no meaning once there is a result. */
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
   * Replays the evaluation up to `at`. Answers come from the bit mask; leaves beyond the last bit are inferred from having
   * reached `at`.
   */
  replay(at: Step, trues: number): void {
    while (this.result === undefined && this.leaf !== at) {
      const { bit, onTrue } = this.leaf;
      const leadsThere = onTrue === at || (onTrue.end === null && onTrue.index <= at.index);
      this.give(readAnswer(bit === 0 ? leadsThere : (trues & bit) !== 0, this.leaf));
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

/** The decision at an end of the fast program. Denials are remembered, so that each is made once. */
export function decisionAt({ root, denials }: Program, end: Step, trues: number): Decision {
  const known = end.end === UNRESOLVED ? denials?.get(trues) : end.end;
  if (known) return known;
  const walk = new TreeWalker(root);
  walk.replay(end, trues);
  const made = walk.result as Decision;
  if (denials === undefined) end.end = made;
  else if (denials.size < MAX_REMEMBERED) denials.set(trues, made);
  return made;
}
