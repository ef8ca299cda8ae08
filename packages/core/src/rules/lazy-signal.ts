import { type Context, contextOfNow } from "../util/async-context.js";

/** A place for options that serve one question after the other. */
interface OptionsHolder {
  options: LazySignal;
}

/** The options of a class rule: a signal whose controller is made when it is needed. */
export class LazySignal {
  #controller: AbortController | undefined;
  /** The async context of the rule that has read the signal. */
  #context: Context | undefined;

  readonly #holder: OptionsHolder | undefined;

  /** @param holder Gets new options once the signal is read, for it serves no other question then. */
  constructor(holder?: OptionsHolder) {
    this.#holder = holder;
  }

  /** Aborted when nobody waits for the answer any more, in the async context of the rule that reads it first. */
  get signal(): AbortSignal {
    const holder = this.#holder;
    if (holder?.options === this) holder.options = new LazySignal(holder);
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
