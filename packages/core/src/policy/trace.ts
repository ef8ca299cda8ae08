import type { Outcome } from "../decision/decision-types.js";
import { negatedOutcome, OutcomeFold } from "../engine/outcome-fold.js";
import type { AnswerRecord, RecordedAnswer } from "../engine/record.js";
import type { Leaf, Phase, RuleHook, Tree } from "../rules/tree.js";
import type { Rules } from "./compiled-rules.js";

/** One rule or combination of a decision, with its outcome. */
export interface TraceNode {
  kind: "rule" | "and" | "or" | "not";
  name: string;
  /** `undefined` when it was not evaluated, because the decision was already made. */
  outcome?: Outcome;
  code?: string;
  reason?: string;
  /** Duration of the rule's answers. */
  milliseconds?: number;
  /**
   * True when the rule only answers the object phase and there is no object yet. Until then it counts as not refusing.
   */
  isPending?: true;
  operands?: TraceNode[];
}

/** The traces of one decision: of the policy's `permissions`, and of the phase's rule. */
export interface Traces {
  readonly permissions?: TraceNode;
  readonly rule?: TraceNode;
}

/** The outcome of one node. `isFinal` is true when no later operand was asked. */
interface NodeOutcome {
  readonly outcome: Outcome | undefined;
  readonly isFinal: boolean;
}

interface Drawn extends NodeOutcome {
  readonly node: TraceNode;
}

type Answers = ReadonlyMap<RuleHook, RecordedAnswer>;

/**
 * Builds the trace of a tree from its recorded answers. A rule without a hook for the phase abstains.
 *
 * @param fallback True when `hasPermission` replaces a missing `canConnect` in the connect phase.
 */
export function traceTree(tree: Tree, phase: Phase, answers: Answers, fallback: boolean): TraceNode {
  const draw = (from: Tree, isNegated: boolean): Drawn => {
    if (from.kind === "leaf") return drawLeaf(from, { phase, answers, fallback }, isNegated);
    const { kind, name } = from;
    const drawn = from.operands.map((operand) => draw(operand, isNegated !== (kind === "not")));
    const result = kind === "not" ? negated(drawn[0] as Drawn) : together(kind, drawn);
    return { ...result, node: { kind, name, ...outcomeOf(result), operands: drawn.map(({ node }) => node) } };
  };
  return draw(tree, false).node;
}

/** Builds the traces of one decision from its recorded answers. */
export function traces(rules: Rules, phase: Phase, action: string, [first, second]: AnswerRecord["answers"]): Traces {
  const { permissions, connect, table } = rules;
  const rule = phase === "connect" ? connect : table?.get(action)?.rule;
  return {
    ...(permissions && { permissions: traceTree(permissions, phase, first, false) }),
    ...(rule && { rule: traceTree(rule, phase, second, true) }),
  };
}

/** The question that a trace is about. */
interface Traced {
  readonly phase: Phase;
  readonly answers: Answers;
  readonly fallback: boolean;
}

function drawLeaf(leaf: Leaf, { phase, answers, fallback }: Traced, isNegated: boolean): Drawn {
  const node = { kind: "rule", name: leaf.name } as const;
  const { connect, action, object } = leaf.hooks;
  if (phase === "action" && !action && object) {
    const result: NodeOutcome = { outcome: isNegated ? "deny" : "allow", isFinal: false };
    return { ...result, node: { ...node, ...outcomeOf(result), isPending: true } };
  }
  const atConnect = connect ?? (fallback ? action : undefined);
  const asks = phase === "connect" ? [atConnect] : phase === "action" ? [action] : [action, object];
  const recorded = asks.flatMap((ask) => (ask ? [answers.get(ask)] : []));
  const result = together(
    "and",
    recorded.map((one) => ({ outcome: one?.decision.outcome, isFinal: one?.isFinal === true })),
  );
  const telling = recorded.find((one) => one && one.decision.outcome === result.outcome);
  return { ...result, node: { ...node, ...outcomeOf(result), ...(telling && tell(telling, recorded)) } };
}

function tell(
  { decision: { code, reason } }: RecordedAnswer,
  recorded: readonly (RecordedAnswer | undefined)[],
): Partial<TraceNode> {
  const milliseconds = recorded.reduce((sum, one) => sum + (one?.milliseconds ?? 0), 0);
  return { code, milliseconds, ...(reason !== undefined && { reason }) };
}

function outcomeOf({ outcome }: NodeOutcome): { outcome?: Outcome } {
  return outcome === undefined ? {} : { outcome };
}

function negated({ outcome, isFinal }: NodeOutcome): NodeOutcome {
  return { outcome: outcome && negatedOutcome(outcome), isFinal };
}

/** The outcome of `and` or `or`. A decisive operand, or a fault in `and`, outweighs one that was not asked. */
function together(kind: "and" | "or", operands: readonly NodeOutcome[]): NodeOutcome {
  const fold = new OutcomeFold(kind);
  let isOpen = false;
  for (const { outcome, isFinal } of operands) {
    if (outcome === undefined) isOpen = true;
    else if (fold.add(outcome, isFinal)) return { outcome: fold.outcome, isFinal: fold.isFinal };
  }
  const { outcome, isFinal } = fold;
  const isUnknown = isOpen && !(kind === "and" && outcome === "error");
  return { outcome: isUnknown ? undefined : outcome, isFinal };
}
