import { type Context, contextOfNow } from "../util/async-context.js";

/** The use of the options of class rules. */
export enum Use {
  /** The next question may use them. */
  None,
  /** A question uses them. */
  Lent,
  /** A rule may have kept them, so they serve no other question. */
  Kept,
}

/** The options of a class rule. The controller behind the signal is created on demand. */
export class LazySignal {
  #controller: AbortController | undefined;
  /** The async context of the rule that has read the signal. */
  #context: Context | undefined;
  /** The options of other rules of the same question, which are aborted too. */
  declare other: LazySignal | undefined;
  use = Use.None;

  /**
   * Aborted when the answer is no longer needed. Listeners run in the async context of the rule that read the signal
   * first.
   */
  get signal(): AbortSignal {
    this.use = Use.Kept;
    this.#controller ??= new AbortController();
    this.#context ??= contextOfNow();
    return this.#controller.signal;
  }

  /** Ends the use by one question, and returns its result. */
  release<T>(result: T): T {
    if (this.use === Use.Lent) this.use = Use.None;
    return result;
  }

  /** Aborts the signal, also for rules that read it later. */
  abort(reason: unknown): void {
    this.#controller ??= new AbortController();
    const controller = this.#controller;
    if (this.#context) this.#context(() => controller.abort(reason));
    else controller.abort(reason);
    this.other?.abort(reason);
  }
}
