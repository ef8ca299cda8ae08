import { createDecision } from "../decision/decision.js";
import type { Abortable } from "../rules/rule-context.js";

/** The deadline of an evaluation, and its cancellation. */
export interface EvaluationOptions {
  /** Milliseconds for the whole question. */
  readonly timeout: number;
  readonly cancellation?: CancellationScope | undefined;
}

/** The decision of a cancelled evaluation. nginx uses 499 for a client that has closed its request. */
export const ABORTED = createDecision("error", "aborted", { status: 499 });

/** The evaluations that end together with a connection, or with the abort of a caller's signal. */
export class CancellationScope {
  readonly #held = new Set<Abortable>();
  isCancelled = false;

  add(one: Abortable): void {
    this.#held.add(one);
  }

  remove(one: Abortable): void {
    this.#held.delete(one);
  }

  /** Ends all running evaluations with the code `aborted`. */
  cancel(reason: unknown): void {
    this.isCancelled = true;
    for (const one of [...this.#held]) one.abort(reason);
  }
}
