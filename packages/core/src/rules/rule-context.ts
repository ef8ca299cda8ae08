import type { Consumer, Payload } from "../types.js";
import { type Context, contextOfNow } from "../util/async-context.js";

/** How rules are told that nobody waits for them. */
class Ending {
  readonly controller = new AbortController();
  /** That of the rule which has read the signal. */
  context: Context | undefined;
}

/**
 * What one evaluation asks: the context of function rules and the last argument of class rules.
 * Made at most once per evaluation and never used again, so a rule may keep it.
 */
export class RuleContext {
  #ending: Ending | undefined;

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

  /**
   * Aborted when nobody waits for the answer any more, in the async context of the rule that reads it first. What is behind
   * it is made when it is needed.
   */
  get signal(): AbortSignal {
    this.#ending ??= new Ending();
    this.#ending.context ??= contextOfNow();
    return this.#ending.controller.signal;
  }

  /** Tells rules that are still at work, and those that read the signal later, that nobody waits for them. */
  abort(reason: unknown): void {
    this.#ending ??= new Ending();
    const { controller, context } = this.#ending;
    if (context) context(() => controller.abort(reason));
    else controller.abort(reason);
  }
}
