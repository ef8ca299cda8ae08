/**
 * Explains the decisions of a policy by evaluating every rule of its trees.
 *
 * @module @portcullis/core/explain
 */

import { createDecision } from "./decision/decision.js";
import type { Decision } from "./decision/decision-types.js";
import { misuse } from "./decision/errors.js";
import { checkChoice, checkKeys } from "./decision/read-options.js";
import type { EvaluationOptions } from "./engine/cancellation.js";
import { Kind, type Step } from "./engine/plan.js";
import { alone, refusing } from "./engine/program.js";
import { type AnswerRecord, createAnswerRecord, type RecordedAnswer } from "./engine/record.js";
import { makeStage, type Stage } from "./engine/stage.js";
import { evaluateRecorded } from "./engine/stage-list.js";
import { drawing } from "./policy/format-trace.js";
import { engineOf } from "./policy/policy.js";
import { type TraceNode, traces } from "./policy/trace.js";
import { RuleContext } from "./rules/rule-context.js";
import type { Phase, RuleHook } from "./rules/tree.js";
import type { Consumer, Payload } from "./types.js";

export type { TraceNode } from "./policy/trace.js";

/** Options of {@link explain}. */
export interface ExplainOptions {
  /** The phase to explain. Default: `"action"`, or `"object"` when an object is given. */
  phase?: Phase;
  /** The object of the action. */
  object?: unknown;
}

/** A decision with the answers of all rules, including those that `decide` would not have evaluated. */
export interface Explanation {
  /** The decision of the policy. */
  readonly decision: Decision;
  /** The answers of the policy's `permissions`. */
  readonly permissions?: TraceNode;
  /** The answers of the phase's rule, which is that of `connect` or that of the action. */
  readonly rule?: TraceNode;
  /** The trees as text. */
  toString(): string;
}

/** A policy or a consumer whose rules need the scope `S`. */
interface Explained<in S> {
  readonly "~types"?: { readonly scope: (scope: S) => void };
}

const CALLER = "explain()";
const PHASES: readonly Phase[] = ["connect", "action", "object"];

const TIMED_OUT = createDecision("error", "permission_timeout");

/**
 * Evaluates every rule of one question once, and returns the decision with all answers. The rules really run, so their
 * side effects (counters, queries) happen, also those of rules that `decide` would skip.
 *
 * A rule that misses the deadline counts as a fault. All rules run at once, so the call takes at most one deadline,
 * plus the time of an `input` schema.
 *
 * @param policy A policy of `definePolicy`, or a consumer of `defineConsumer`.
 * @param scope The scope of the client.
 * @param consumer The server end of its connection.
 * @param action The name of the action. Ignored in the connect phase.
 * @param payload The arguments of the client. Default: an empty object.
 * @param options `phase`: `"connect"`, `"action"` or `"object"`. `object`: the object of the action.
 * @returns A promise of the decision and the trees. Rejects only with a `PermissionMisuse`.
 * @throws {PermissionMisuse} When `policy` is neither a policy nor a consumer, `action` is no text, `payload` is no object,
 *   or an option is unknown or invalid.
 * @example
 * ```ts
 * import { definePolicy, IsAuthenticated } from "@portcullis/core";
 * import { explain } from "@portcullis/core/explain";
 * const policy = definePolicy({ actions: { ping: IsAuthenticated } });
 * const consumer = { id: "1", transport: "none", raw: undefined, close() {} };
 * const explanation = await explain(policy, { user: null }, consumer, "ping");
 * console.assert(explanation.rule?.outcome === "deny");
 * console.assert(String(explanation).includes("IsAuthenticated: deny"));
 * ```
 */
// biome-ignore lint/complexity/useMaxParams: the question of a policy, in the order of `decide`
export async function explain<S>(
  policy: Explained<S>,
  scope: S,
  consumer: Consumer,
  action: string,
  payload: Payload = {},
  options: ExplainOptions = {},
): Promise<Explanation> {
  const { rules } = engineOf(policy, CALLER);
  checkKeys(CALLER, options, ["phase", "object"]);
  const { phase = "object" in options ? "object" : "action", object } = options;
  checkChoice(CALLER, "phase", phase, { values: PHASES, advice: "give connect, action or object" });
  const isConnect = phase === "connect";
  if (!isConnect && typeof action !== "string") throw misuse(CALLER, action, 'name it, as in "chat.send"', "`action`");
  if (Object(payload) !== payload) throw misuse(CALLER, payload, "give the arguments in an object", "`payload`");
  const entry = rules.entryOf(action);
  const stages = { connect: rules.connectStages.list, action: entry.stages.list, object: entry.objectStages }[phase];
  const parsing = isConnect ? undefined : entry.stages.list.find(isParsing);
  const asked = isConnect ? "connect" : action;
  const inquiry = new Inquiry({ scope, consumer, action: asked, object }, rules.controls[phase]);
  const decision = await inquiry.ask(stages, parsing, payload);
  const trees = traces(rules, phase, action, inquiry.record.answers);
  return { decision: decision, ...trees, toString: () => drawing(asked, decision, trees) };
}

/** Evaluates every leaf alone, then decides with the recorded answers. */
class Inquiry {
  readonly record: AnswerRecord = createAnswerRecord();

  constructor(
    private readonly question: Pick<RuleContext, "scope" | "consumer" | "action" | "object">,
    private readonly options: EvaluationOptions,
  ) {}

  /** @param parsing The stage that parses the payload, if the action has an input schema. */
  async ask(stages: readonly Stage[], parsing: Stage | undefined, payload: Payload): Promise<Decision> {
    const before = stages.filter(({ part }) => part === 0);
    const after = stages.filter(({ part }) => part === 1);
    const asked = this.#askAll(before, payload);
    const parsed = parsing && (await this.#evaluate([parsing], payload, this.record));
    const refused = parsed && parsed.outcome !== "allow" ? [makeStage(1, refusing(parsed))] : undefined;
    if (!refused) await this.#askAll(after, this.record.payload ?? payload);
    await asked;
    const answers = [new Answers(this.record.answers[0]), new Answers(this.record.answers[1])] as const;
    const decision = await this.#evaluate([...before, ...(refused ?? after)], payload, { answers, reuses: true });
    return answers.some(({ wasLate }) => wasLate) ? TIMED_OUT : decision;
  }

  async #askAll(stages: readonly Stage[], payload: Payload): Promise<void> {
    const leaves = new Map(
      stages.flatMap(({ part, program }) => program.leaves.map((leaf) => [leaf.ask, { leaf, part }] as const)),
    );
    await Promise.all([...leaves.values()].map(({ leaf, part }) => this.#askLeaf(leaf, part, payload)));
  }

  async #askLeaf(leaf: Step, part: 0 | 1, payload: Payload): Promise<void> {
    await this.#evaluate([makeStage(part, alone(leaf))], payload, this.record);
    const answers = this.record.answers[part];
    if (!answers.has(leaf.ask)) {
      answers.set(leaf.ask, { decision: TIMED_OUT, isFinal: true, milliseconds: this.options.timeout });
    }
  }

  #evaluate(stages: readonly Stage[], payload: Payload, record: AnswerRecord): Decision | Promise<Decision> {
    const { scope, consumer, action, object } = this.question;
    const question = new RuleContext(scope, consumer, action, payload).about(object);
    return evaluateRecorded(stages, question, this.options, record);
  }
}

/**
 * Notes the use of an answer that missed its deadline. A decision that needs such an answer would have timed out as a
 * whole.
 */
class Answers extends Map<RuleHook, RecordedAnswer> {
  wasLate = false;

  override get(ask: RuleHook): RecordedAnswer | undefined {
    const answer = super.get(ask);
    this.wasLate ||= answer?.decision === TIMED_OUT;
    return answer;
  }
}

function isParsing({ program: { root } }: Stage): boolean {
  return root.kind === Kind.Preparation;
}
