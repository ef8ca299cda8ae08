import type { Consumer, Payload } from "./types.js";

/**
 * What one evaluation asks: the context of function rules and the last argument of class rules.
 * Made at most once per evaluation and never used again, so a rule may keep it.
 */
export class Question {
  #controller: AbortController | undefined;

  constructor(
    readonly scope: unknown,
    readonly consumer: Consumer,
    readonly action: string,
    readonly payload: Payload,
    readonly object: unknown,
  ) {}

  /** What the payload is called at connect. */
  get message(): Payload {
    return this.payload;
  }

  /** Aborted when nobody waits for the answer any more. The controller behind it is made when it is needed. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  /** Tells rules that are still at work, and those that read the signal later, that nobody waits for them. */
  abort(reason: unknown): void {
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }
}
