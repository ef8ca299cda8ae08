import { type Context, contextOfNow } from "../util/async-context.js";

/** Holds options that consecutive questions share. */
interface OptionsHolder {
  options: LazySignal;
}

/** The options of a class rule. The controller behind the signal is created on demand. */
export class LazySignal {
  #controller: AbortController | undefined;
  /** The async context of the rule that has read the signal. */
  #context: Context | undefined;

  readonly #holder: OptionsHolder | undefined;

  /** @param holder Gets new options once the signal is read, because options that were read serve one question only. */
  constructor(holder?: OptionsHolder) {
    this.#holder = holder;
  }

  /**
   * Aborted when the answer is no longer needed. Listeners run in the async context of the rule that read the signal
   * first.
   */
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
