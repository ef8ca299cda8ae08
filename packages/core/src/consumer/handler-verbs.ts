import { decisionFromError } from "../decision/decision-from-error.js";
import type { Decision } from "../decision/decision-types.js";
import { enforce, isAllowed, type WatchedVerb } from "../decision/enforce.js";
import { PermissionMisuse } from "../decision/errors.js";
import type { DispatchContext } from "../guard/dispatch.js";
import type { CheckOptions, GuardSession } from "../guard/guard-session.js";
import type { ActionRule } from "../policy/compiled-rules.js";
import { HANDLER_DECIDE, isFault, optionsOf, readDecideOptions } from "../policy/read-decide-options.js";
import type { Payload } from "../types.js";
import { WatchedPromise } from "../util/watched-promise.js";
import { ObjectCheck } from "./object-check.js";

const VERBS: readonly WatchedVerb[] = ["can", "authorize", "reauthorize"];

type VerbArguments = Parameters<GuardSession["decide"]>;

/** The verbs of one handler. They are those of the session, but a check of the handler's own action binds its answer. */
export class HandlerVerbs implements Pick<GuardSession, "decide" | "can" | "authorize"> {
  /** Set once the handler has checked an object of its own action. */
  check: ObjectCheck | undefined;
  /** The number of such checks. */
  #checks = 0;
  /** The numbers of answers that the handler has not awaited. A list would grow with a handler that never ends. */
  readonly #unawaited: Record<WatchedVerb, number> = { can: 0, authorize: 0, reauthorize: 0 };

  /** @param payload The payload of the handler. */
  constructor(
    private readonly dispatch: DispatchContext,
    private readonly rule: ActionRule,
    private readonly payload: Payload,
  ) {}

  /** The verbs of which the handler has not awaited an answer. */
  get unawaited(): readonly WatchedVerb[] {
    return VERBS.filter((verb) => this.#unawaited[verb] > 0);
  }

  readonly decide: GuardSession["decide"] = (...question) => this.#decide(...question);

  readonly can: GuardSession["can"] = (...question) => this.watch("can", isAllowed(this.#decide(...question)));

  readonly authorize: GuardSession["authorize"] = (...question) => {
    const checks = this.#checks;
    const decision = this.#decide(...question);
    if (checks === this.#checks) return this.watch("authorize", enforce(decision));
    // The refusal counts even if the handler does not await it, and must not become an unhandled rejection.
    const enforced = (this.check as ObjectCheck).enforce(decision);
    const watched = new WatchedPromise<void>((resolve) => resolve(enforced));
    watched.whenSettled(() => {});
    return watched;
  };

  /**
   * Asks again about the message of the handler, where the authorization has changed since it was decided.
   *
   * @param count The number of arguments that the handler has given. One would name another question, which is not asked.
   */
  readonly reauthorize = (options: CheckOptions, count: number): Promise<void> => {
    const { epoch, session, message, decision } = this.dispatch;
    const isUnchanged = epoch === session.epoch;
    const ask = () => (isUnchanged ? decision : session.decide(message.action, this.payload, options));
    return this.watch("reauthorize", enforce(count > 0 ? otherQuestion() : ask(), undefined, "reauthorize"));
  };

  #decide(...question: VerbArguments): Decision | Promise<Decision> {
    const { session, message } = this.dispatch;
    const [action, payload, options, ...further] = question;
    if (action !== message.action) return session.decide(...question);
    const read = readDecideOptions(HANDLER_DECIDE, optionsOf(options, further.length));
    if (isFault(read)) return read;
    const isOwn = payload === undefined || payload === this.payload;
    // The payload of a client may have a key `object`. The options say that it is none of them.
    if (!read.hasObject) return isOwn ? session.decide(action, this.payload, {}) : session.decide(action, payload);
    this.#checks += 1;
    this.check ??= new ObjectCheck(this.dispatch, this.rule, this.payload);
    return isOwn ? this.check.decide(read.object) : session.decide(action, payload, { object: read.object });
  }

  /** Counts an answer until it is awaited. */
  watch<T>(verb: WatchedVerb, asked: WatchedPromise<T>): WatchedPromise<T> {
    this.#unawaited[verb] += 1;
    asked.watch.whenAwaited = () => {
      this.#unawaited[verb] -= 1;
    };
    return asked;
  }
}

function otherQuestion(): Decision {
  const text = "reauthorize() takes no arguments: write `await authorize(action, payload)` for another question";
  return decisionFromError(new PermissionMisuse(text), "reauthorize");
}
