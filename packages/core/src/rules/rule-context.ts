import { PermissionMisuse } from "../decision/errors.js";
import type { Consumer, Payload } from "../types.js";
import { LazySignal, Use } from "./lazy-signal.js";

/** An operation that can be ended early. */
export interface Abortable {
  abort(reason: unknown): void;
}

/**
 * One question to the rules. It is the context of function rules and the last argument of class rules. It serves one
 * evaluation and is never reused, so a rule may keep it.
 */
export class RuleContext {
  /** The object of the action, in the object phase. */
  declare object: unknown;
  /** Ended with the question. `null` once the question is aborted. Use `endWith`. */
  declare dependent: Abortable | null | undefined;
  #signal: LazySignal | undefined;

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

  /** Takes over the options that class rules already got, so that they are aborted with the question. */
  adopt(options: LazySignal): this {
    options.use = Use.Kept;
    if (this.#signal) this.#signal.other = options;
    else this.#signal = options;
    return this;
  }

  /** The payload under its name in the connect phase. */
  get message(): Payload {
    return this.payload;
  }

  /** Aborted when the answer is no longer needed. */
  get signal(): AbortSignal {
    this.#signal ??= new LazySignal();
    return this.#signal.signal;
  }

  /** Aborts the signals of rules that are still running, and of rules that read the signal later. */
  abort(reason: unknown): void {
    this.#signal ??= new LazySignal();
    this.#signal.abort(reason);
    this.dependent?.abort(reason);
    this.dependent = null;
  }
}

/** Facts of the scope that a rule may look for in the context. As `undefined` they could be negated into an allow. */
for (const name of ["user", "headers", "query", "cookies", "path", "origin", "remoteAddress"]) {
  Object.defineProperty(RuleContext.prototype, name, {
    get() {
      throw new PermissionMisuse(`a rule gets { scope }: write ({ scope }) => scope.${name}`);
    },
  });
}
