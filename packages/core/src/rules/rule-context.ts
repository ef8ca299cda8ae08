import type { Consumer, Payload } from "../types.js";
import { LazySignal } from "./lazy-signal.js";

/**
 * One question to the rules: the context of function rules and the last argument of class rules.
 * Made at most once per evaluation and never used again, so a rule may keep it.
 */
export class RuleContext {
  /** The object of the action, where one is asked about. */
  declare object: unknown;
  #own: LazySignal | undefined;
  /** The options that class rules were asked with before the context was made. */
  #adopted: LazySignal | undefined;

  constructor(
    readonly scope: unknown,
    readonly consumer: Consumer,
    readonly action: string,
    readonly payload: Payload,
  ) {
    this.object = undefined;
  }

  /** Sets the object that the question is about. */
  about(object: unknown): this {
    this.object = object;
    return this;
  }

  /** Takes over the options that class rules were asked with: they end with the question. */
  adopt(options: LazySignal): this {
    this.#adopted = options;
    return this;
  }

  /** The name of the payload at connect. */
  get message(): Payload {
    return this.payload;
  }

  /** Aborted when nobody waits for the answer any more. */
  get signal(): AbortSignal {
    this.#own ??= new LazySignal();
    return this.#own.signal;
  }

  /** Tells rules that are still at work, and those that read the signal later, that nobody waits for them. */
  abort(reason: unknown): void {
    this.#own ??= new LazySignal();
    this.#own.abort(reason);
    this.#adopted?.abort(reason);
  }
}
