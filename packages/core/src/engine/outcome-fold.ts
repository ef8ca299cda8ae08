import type { Outcome } from "../decision/decision-types.js";

/** The outcomes of a combination from the strongest on. The first decides at once; none of them is "nothing to say". */
const STRENGTH = { and: ["deny", "error", "allow"], or: ["allow", "error", "deny"] } as const;

/** `not` of an outcome: allow and deny change places, all else stays what it is. */
export function negatedOutcome(outcome: Outcome): Outcome {
  if (outcome === "allow") return "deny";
  return outcome === "deny" ? "allow" : outcome;
}

/** The tables of `and` and `or` in Kleene's strong logic, with abstain as neutral, one operand after the other. */
export class OutcomeFold {
  outcome: Outcome = "abstain";
  /** True when a returned fault counts in the outcome: nothing behind it is asked. */
  isFinal = false;

  constructor(readonly kind: "and" | "or") {}

  /**
   * Adds the outcome of the next operand.
   *
   * @param isFinal True for a returned fault.
   * @returns True when no later operand is asked.
   */
  add(outcome: Outcome, isFinal: boolean): boolean {
    const strength: readonly Outcome[] = STRENGTH[this.kind];
    const [decisive] = strength;
    if (outcome === decisive) {
      this.outcome = outcome;
      this.isFinal = false;
      return true;
    }
    const rank = strength.indexOf(outcome);
    const present = strength.indexOf(this.outcome);
    if (rank !== -1 && (present === -1 || rank < present)) this.outcome = outcome;
    this.isFinal ||= isFinal;
    return isFinal && this.kind === "and";
  }
}
