import { type Context, contextOfNow } from "../util/async-context.js";

/** The options of a class rule. The controller behind the signal is created on demand. */
export class LazySignal {
  #controller: AbortController | undefined;
  /** The async context of the rule that has read the signal. */
  #context: Context | undefined;
  /** True once a rule has read the signal. The options serve no other question then. */
  isRead = false;

  /**
   * Aborted when the answer is no longer needed. Listeners run in the async context of the rule that read the signal
   * first.
   */
  get signal(): AbortSignal {
    this.isRead = true;
    this.#controller ??= new AbortController();
    this.#context ??= contextOfNow();
    return this.#controller.signal;
  }

  /** Aborts the signal, also for rules that read it later. */
  abort(reason: unknown): void {
    this.#controller ??= new AbortController();
    const controller = this.#controller;
    if (this.#context) this.#context(() => controller.abort(reason));
    else controller.abort(reason);
  }
}
