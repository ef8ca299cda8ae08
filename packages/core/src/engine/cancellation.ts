import { decision } from "../decision/decision.js";

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

/** The decision of an evaluation that nobody waits for any more. */
export const ABORTED = decision("error", "aborted", { status: 499 });

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
