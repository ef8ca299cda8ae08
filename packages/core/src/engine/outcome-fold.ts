import type { Outcome } from "../decision/decision-types.js";

/** Negates an outcome. Abstain and error are left as they are. */
export function negatedOutcome(outcome: Outcome): Outcome {
  if (outcome === "allow") return "deny";
  return outcome === "deny" ? "allow" : outcome;
}

/**
 * Folds outcomes by the truth tables of `and` and `or` in Kleene's strong logic, with abstain as the neutral element.
 */
export class OutcomeFold {
  outcome: Outcome = "abstain";
  /** True when a returned fault counts in the outcome. It ends a surrounding `and`. */
  isFinal = false;

  constructor(readonly kind: "and" | "or") {}

  /**
   * Adds the outcome of the next operand. The decisive outcome (a deny of `and`, an allow of `or`) beats all others, and an
   * error beats the rest.
   *
   * @param isFinal True for a returned fault.
   * @returns True when no later operand is asked.
   */
  add(outcome: Outcome, isFinal: boolean): boolean {
    if (outcome === (this.kind === "or" ? "allow" : "deny")) {
      this.outcome = outcome;
      this.isFinal = false;
      return true;
    }
    if (outcome === "error" || this.outcome === "abstain") this.outcome = outcome;
    this.isFinal ||= isFinal;
    return isFinal && this.kind === "and";
  }
}
