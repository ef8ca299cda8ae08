import { invalidAnswer } from "../decision/answers.js";
import { ALLOWED, decisionIn } from "../decision/decision.js";
import { decisionFromError, isPermissionDenied } from "../decision/decision-from-error.js";
import type { Decision } from "../decision/decision-types.js";
import { named } from "./combine.js";
import type { Step } from "./plan.js";

/** The result of one leaf or branch. */
export interface LeafResult {
  readonly decision: Decision;
  /**
   * True for a returned `fault` and for a thrown `PermissionDenied`, which end a surrounding `and`. Evaluation
   * continues after any other throw.
   */
  readonly isFinal: boolean;
}

export function leafResult(decision: Decision, isFinal = false): LeafResult {
  return { decision, isFinal };
}

/** Replaces the answer of a rule that has thrown. */
export class Failure {
  readonly #isMade = true;

  constructor(readonly error: unknown) {}

  static has(value: object): value is Failure {
    return #isMade in value;
  }
}

/** Avoids `instanceof`, at which a proxy may throw. */
export function isFailure(answer: unknown): answer is Failure {
  return typeof answer === "object" && answer !== null && Failure.has(answer);
}

/** Reads the answer of a rule, as the only function that does. A value that is no answer is a fault. Never throws. */
export function readAnswer(answer: unknown, { name, denial }: Step): LeafResult {
  if (answer === true) return leafResult(ALLOWED);
  if (answer === false) return leafResult(denial);
  if (isFailure(answer)) return leafResult(decisionFromError(answer.error, name), isPermissionDenied(answer.error));
  const decision = decisionIn(answer);
  if (decision === undefined) return leafResult(invalidAnswer(answer, name));
  return leafResult(named(decision, name), decision.outcome === "error");
}
