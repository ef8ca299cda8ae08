import type { Decision } from "../decision/decision-types.js";
import { enforce, isAllowed } from "../decision/enforce.js";
import type { DispatchContext } from "../guard/dispatch.js";
import type { CheckOptions, GuardSession } from "../guard/guard-session.js";
import type { ActionRule } from "../policy/compiled-rules.js";
import { HANDLER_DECIDE, isFault, readDecideOptions } from "../policy/read-decide-options.js";
import type { Payload } from "../types.js";
import { ignoreRejection } from "../util/thenable.js";
import type { WatchedPromise } from "../util/watched-promise.js";
import { ObjectCheck } from "./object-check.js";

/** The verbs of one handler. They are those of the session, but a check of the handler's own action binds its answer. */
export class HandlerVerbs implements Pick<GuardSession, "decide" | "can" | "authorize"> {
  /** Set once the handler has checked an object of its own action. */
  check: ObjectCheck | undefined;
  /** The number of such checks. */
  #checks = 0;
  /** The number of questions that the handler has not awaited yet. A list would grow with a handler that never ends. */
  #unawaited = 0;

  /** @param payload The payload of the handler. */
  constructor(
    private readonly dispatch: DispatchContext,
    private readonly rule: ActionRule,
    private readonly payload: Payload,
  ) {}

  /** True when the handler has not awaited an answer of `can` or `authorize`. */
  get hasUnawaited(): boolean {
    return this.#unawaited > 0;
  }

  readonly decide: GuardSession["decide"] = (action, payload, options) => this.#decide(action, payload, options);

  readonly can: GuardSession["can"] = (action, payload, options) =>
    this.#watch(isAllowed(this.#decide(action, payload, options)));

  readonly authorize: GuardSession["authorize"] = (action, payload, options) => {
    const checks = this.#checks;
    const decision = this.#decide(action, payload, options);
    if (checks === this.#checks) return this.#watch(enforce(decision));
    const enforced = (this.check as ObjectCheck).enforce(decision);
    // The refusal counts even if the handler does not await it, and must not become an unhandled rejection.
    ignoreRejection(enforced);
    return enforced;
  };

  /** Asks again about the message of the handler, where the authorization has changed since it was decided. */
  readonly reauthorize = (options: CheckOptions): Promise<void> => {
    const { epoch, session, message } = this.dispatch;
    if (epoch === session.epoch) return Promise.resolve();
    return this.#watch(enforce(session.decide(message.action, this.payload, options)));
  };

  #decide(action: string, payload: Payload | undefined, options?: CheckOptions): Decision | Promise<Decision> {
    const { session, message } = this.dispatch;
    if (action !== message.action) return session.decide(action, payload, options);
    const read = readDecideOptions(HANDLER_DECIDE, options);
    if (isFault(read)) return read;
    const isOwn = payload === undefined || payload === this.payload;
    // The payload of a client may have a key `object`. The options say that it is none of them.
    if (!read.hasObject) return isOwn ? session.decide(action, this.payload, {}) : session.decide(action, payload);
    this.#checks += 1;
    this.check ??= new ObjectCheck(this.dispatch, this.rule, this.payload);
    return isOwn ? this.check.decide(read.object) : session.decide(action, payload, { object: read.object });
  }

  #watch<T>(asked: WatchedPromise<T>): WatchedPromise<T> {
    this.#unawaited += 1;
    asked.whenAwaited = () => {
      this.#unawaited -= 1;
    };
    return asked;
  }
}
