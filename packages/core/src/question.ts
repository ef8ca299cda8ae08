import type { Consumer, Payload } from "./types.js";

/**
 * What one evaluation asks: the context of function rules and the last argument of class rules.
 * Made at most once per evaluation and never used again, so a rule may keep it.
 */
export class Question {
  #controller: AbortController | undefined;
  #ended: { readonly reason: unknown } | undefined;

  constructor(
    readonly scope: unknown,
    readonly consumer: Consumer,
    readonly action: string,
    readonly payload: Payload,
    readonly object: unknown,
    readonly message: Payload | undefined,
  ) {}

  /** The controller behind it is made when a rule first reads it. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#ended !== undefined) this.#controller.abort(this.#ended.reason);
    }
    return this.#controller.signal;
  }

  /** Tells rules that are still at work that nobody waits for them. */
  abort(reason: unknown): void {
    this.#ended = { reason };
    this.#controller?.abort(reason);
  }
}
