import { type Context, contextOfNow } from "../util/async-context.js";

/** The options of a class rule: a signal whose controller is made when it is needed. */
export class LazySignal {
  #controller: AbortController | undefined;
  /** The async context of the rule that has read the signal. */
  #context: Context | undefined;
  /** True once a rule has read the signal: the options serve no other question then. */
  isRead = false;

  /** Aborted when nobody waits for the answer any more, in the async context of the rule that reads it first. */
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
