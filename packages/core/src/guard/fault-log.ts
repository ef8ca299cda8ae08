import { decisionIn } from "../decision/decision.js";
import { isIncident, isPermissionDenied } from "../decision/decision-from-error.js";
import type { Decision } from "../decision/decision-types.js";
import { ErrorPrinter } from "../util/error-printer.js";
import { printable } from "../util/printable.js";
import { partOf, textOf } from "../util/safe-read.js";
import { show } from "../util/show.js";

/**
 * Prints the causes of faults when `onDecision` is not set. Each rule prints at most one line a minute. The next line
 * has the number of faults in between. A token that `authenticate` refuses is no fault, but its reason is printed
 * without a stack.
 */
export class FaultLog {
  readonly #printer = new ErrorPrinter();

  /** @param where The action of the decision. */
  tell(decision: Decision, where: string): void {
    const { code, by } = decision;
    const isDenial = isRefusedToken(decision);
    if (!isDenial && !isIncident(decision)) return;
    const name = by === "" ? code : `${code} in ${by}`;
    const subject = `${name} (${printable(where)})`;
    // A rule is known by its name, a handler by its action.
    this.#printer.print(subject, causeOf(decision, isDenial) ?? "no answer in time", by === "handler" ? subject : name);
  }

  /** Prints that a callback of the application has thrown. */
  tellThrown(callback: string, error: unknown): void {
    this.#printer.print(`${callback} has thrown`, error);
  }
}

/**
 * True for an error of a token library or of http-errors that `authenticate` has thrown, other than a
 * `PermissionDenied`.
 */
function isRefusedToken({ outcome, status, error }: Decision): boolean {
  return outcome === "deny" && error !== undefined && (status === 401 || status === 403) && !isPermissionDenied(error);
}

/** Returns the value to print for a fault, or for a refused token. */
function causeOf({ error }: Decision, isDenial: boolean): unknown {
  if (isDenial) return printable(textOf(partOf(error, "message")) ?? show(error));
  const inner = decisionIn(error);
  if (inner === undefined) return error;
  return `a decision was thrown: return the decision, or throw new PermissionDenied("${printable(inner.code)}")`;
}
