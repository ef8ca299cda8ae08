import { enforce, isAllowed } from "../decision/enforce.js";
import { PermissionMisuse } from "../decision/errors.js";
import { ABORTED, CancellationScope, type EvaluationOptions } from "../engine/cancellation.js";
import { readLoaded } from "../engine/loaded-object.js";
import { type AnswerRecord, createAnswerRecord } from "../engine/record.js";
import { evaluateRecorded, finish, type StageList } from "../engine/stage-list.js";
import { describeTree } from "../rules/describe.js";
import { RuleContext } from "../rules/rule-context.js";
import type { Phase } from "../rules/tree.js";
import type { Consumer, Payload } from "../types.js";
import { show } from "../util/show.js";
import { type ActionRule, buildRules, type Rules } from "./compile-policy.js";
import type { PolicyOptions } from "./options.js";
import type { Answered, DecideOptions, DescribedPolicy, Policy, PolicyFactory } from "./policy-types.js";
import { isFault, type ReadDecideOptions, readDecideOptions } from "./read-decide-options.js";

/** The options of adapters, which keep the answers of a question in a record of their own. */
interface RecordedOptions extends DecideOptions {
  readonly record?: AnswerRecord | undefined;
}

const EMPTY_PAYLOAD: Payload = Object.freeze(Object.create(null));

/** The side that asks: a client, and how long its evaluations may take. A session is one. */
export interface Caller extends EvaluationOptions {
  readonly scope: unknown;
  readonly consumer: Consumer;
}

/** The part of a message that rules are asked about. */
export interface ActionMessage {
  readonly action: string;
  readonly payload: Payload;
}

/** A policy at run time, as adapters and `explain` see it. */
export class PolicyEngine implements Policy<unknown> {
  constructor(readonly rules: Rules) {}

  // biome-ignore lint/complexity/useMaxParams: the question of DCRF, in its order
  decide(
    scope: unknown,
    consumer: Consumer,
    action: string,
    payload: Payload = EMPTY_PAYLOAD,
    options?: RecordedOptions,
  ): Answered {
    if (options !== undefined) {
      const read = readDecideOptions("decide()", options);
      return isFault(read) ? read : this.#decideWith({ scope, consumer }, { action, payload }, read);
    }
    const { rules } = this;
    const { stages } = rules.entryOf(action);
    return finish(stages.run(scope, consumer, action, payload), rules.controls.action);
  }

  can(...question: Parameters<PolicyEngine["decide"]>): Promise<boolean> {
    return isAllowed(this.decide(...question));
  }

  authorize(...question: Parameters<PolicyEngine["decide"]>): Promise<void> {
    return enforce(this.decide(...question));
  }

  decideConnect(
    scope: unknown,
    consumer: Consumer,
    message: Payload = EMPTY_PAYLOAD,
    options?: RecordedOptions,
  ): Answered {
    const read = readDecideOptions("decideConnect()", options ?? {});
    if (isFault(read)) return read;
    return this.#ask("connect", read, (limits) =>
      this.evaluateConnect({ ...limits, scope, consumer }, message, read.record),
    );
  }

  canConnect(...question: Parameters<PolicyEngine["decideConnect"]>): Promise<boolean> {
    return isAllowed(this.decideConnect(...question));
  }

  authorizeConnect(...question: Parameters<PolicyEngine["decideConnect"]>): Promise<void> {
    return enforce(this.decideConnect(...question));
  }

  describe(): DescribedPolicy {
    const { connect, permissions, table } = this.rules;
    const actions = table && Object.fromEntries([...table].map(([name, entry]) => [name, describeEntry(entry)]));
    return {
      ...(connect && { connect: describeTree(connect) }),
      ...(permissions && { permissions: describeTree(permissions) }),
      ...(actions && { actions }),
    };
  }

  /** Asks the connect question of an adapter. Never throws, never rejects. */
  evaluateConnect(caller: Caller, message: Payload, record?: AnswerRecord): Answered {
    return evaluate(this.rules.connectStages, caller, { action: "connect", payload: message }, record);
  }

  /** Asks about the action of a message. Never throws, never rejects. */
  evaluateAction(caller: Caller, message: ActionMessage, record?: AnswerRecord): Answered {
    return evaluate(this.rules.entryOf(message.action).stages, caller, message, record);
  }

  /**
   * Asks about the object of a message. Answers that are in the record already are used again; a record serves one
   * object. Never throws, never rejects.
   */
  evaluateObject(
    caller: Caller,
    { action, payload }: ActionMessage,
    object: unknown,
    record = createAnswerRecord(),
  ): Answered {
    const loaded = readLoaded(object);
    if (!("object" in loaded)) return loaded;
    const question = new RuleContext(caller.scope, caller.consumer, action, payload).about(object);
    return evaluateRecorded(this.rules.entryOf(action).objectStages, question, caller, { ...record, reuses: true });
  }

  /** Apart from `decide`, where closures would cost every call an allocation. */
  #decideWith(
    client: Omit<Caller, keyof EvaluationOptions>,
    message: ActionMessage,
    options: ReadDecideOptions,
  ): Answered {
    const { record, object } = options;
    if (!options.hasObject) {
      return this.#ask("action", options, (limits) => this.evaluateAction({ ...client, ...limits }, message, record));
    }
    return this.#ask("object", options, (limits) =>
      this.evaluateObject({ ...client, ...limits }, message, object, record),
    );
  }

  #ask(phase: Phase, { signal }: ReadDecideOptions, question: (limits: EvaluationOptions) => Answered): Answered {
    const limits = this.rules.controls[phase];
    if (signal === undefined) return question(limits);
    if (signal.aborted) return ABORTED;
    const cancellation = new CancellationScope();
    const cancel = () => cancellation.cancel(signal.reason);
    const decision = question({ timeout: limits.timeout, cancellation });
    if (!(decision instanceof Promise)) return decision;
    // A rule may have aborted it while it was asked.
    if (signal.aborted) cancel();
    signal.addEventListener("abort", cancel);
    return decision.finally(() => signal.removeEventListener("abort", cancel));
  }
}

function evaluate(
  stages: StageList,
  caller: Caller,
  { action, payload }: ActionMessage,
  record: AnswerRecord | undefined,
): Answered {
  const { scope, consumer } = caller;
  if (record) return evaluateRecorded(stages.list, new RuleContext(scope, consumer, action, payload), caller, record);
  return finish(stages.run(scope, consumer, action, payload), caller);
}

function describeEntry({ rule, concurrent, objects }: ActionRule) {
  return { rule: describeTree(rule), ...(concurrent && { concurrent }), ...(objects && { objects }) };
}

/**
 * Puts the rules of a server together. The trees are built and compiled here, once; what is written wrongly is found here.
 *
 * @param options `connect`, `permissions`, `actions` (name to rule, or to `{ rule, concurrent, objects }`),
 *   `timeout` (milliseconds per question), `unknownAction`.
 * @returns A policy: `decide`, `can` and `authorize`, each also with `Connect` behind it, and `describe`.
 * @throws {PermissionMisuse} When neither `permissions` nor `actions` is given, or something in it is no rule.
 * @example
 * ```ts
 * import { AllowAny, definePolicy, IsAuthenticated } from "@portcullis/core";
 * const policy = definePolicy({
 *   connect: AllowAny,
 *   actions: { ping: AllowAny, "chat.send": IsAuthenticated },
 * });
 * const consumer = { id: "1", transport: "none", raw: undefined, close() {} };
 * console.assert(policy.decide({ user: null }, consumer, "chat.send").code === "not_authenticated");
 * ```
 */
export const definePolicy: PolicyFactory = (options: PolicyOptions<unknown, unknown, unknown>) =>
  new PolicyEngine(buildRules(options)) as never;

/**
 * The engine behind a policy or a consumer, also one that another copy of this package made.
 *
 * @throws {PermissionMisuse} When the value is no policy.
 */
export function engineOf(policy: unknown, caller: string): PolicyEngine {
  if (typeof policy === "object" && policy !== null) {
    const engine: unknown = "engine" in policy ? policy.engine : policy;
    if (typeof engine === "object" && engine !== null && "rules" in engine && "decide" in engine)
      return engine as PolicyEngine;
  }
  throw new PermissionMisuse(`${caller} got ${show(policy)} as its policy: give what definePolicy({ ... }) returned`);
}
