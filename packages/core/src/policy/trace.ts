import type { Outcome } from "../decision/decision.js";
import type { AnswerRecord, RecordedAnswer } from "../engine/evaluation.js";
import type { Leaf, Phase, RuleHook, Tree } from "../rules/tree.js";
import type { Rules } from "./compile-policy.js";

/** What happened at one rule or combination of a decision. */
export interface TraceNode {
  kind: "rule" | "and" | "or" | "not";
  name: string;
  /** `undefined` where nothing was asked: it was decided before. */
  outcome?: Outcome;
  code?: string;
  reason?: string;
  /** How long a rule took. */
  milliseconds?: number;
  /** The rule only knows objects: it counts as if it did not refuse until there is one. */
  isPending?: true;
  operands?: TraceNode[];
}

/** What a policy's `permissions` answered, and what the rule of the moment did. */
export interface Traces {
  readonly permissions?: TraceNode;
  readonly rule?: TraceNode;
}

/** What one node said, and whether nothing behind it was asked. */
interface NodeOutcome {
  readonly outcome: Outcome | undefined;
  readonly halts: boolean;
}

interface Drawn extends NodeOutcome {
  readonly node: TraceNode;
}

type Answers = ReadonlyMap<RuleHook, RecordedAnswer>;

/**
 * Draws a tree with the answers that were given. A rule that has no question for the moment abstains.
 *
 * @param fallback Whether the question of the action stands in for a missing one at connect.
 */
export function traceTree(tree: Tree, phase: Phase, answers: Answers, fallback: boolean): TraceNode {
  const draw = (from: Tree, isOdd: boolean): Drawn => {
    if (from.kind === "leaf") return drawLeaf(from, phase, answers, fallback, isOdd);
    const { kind, name } = from;
    const drawn = from.operands.map((operand) => draw(operand, isOdd !== (kind === "not")));
    const said = kind === "not" ? negated(drawn[0] as Drawn) : together(kind, drawn);
    return { ...said, node: { kind, name, ...outcomeOf(said), operands: drawn.map(({ node }) => node) } };
  };
  return draw(tree, false).node;
}

/** The trees of one decision, with what was answered. */
export function traces(rules: Rules, phase: Phase, action: string, [first, second]: AnswerRecord["answers"]): Traces {
  const { permissions, connect, table } = rules;
  const rule = phase === "connect" ? connect : table?.get(action)?.rule;
  return {
    ...(permissions && { permissions: traceTree(permissions, phase, first, false) }),
    ...(rule && { rule: traceTree(rule, phase, second, true) }),
  };
}

function drawLeaf(leaf: Leaf, phase: Phase, answers: Answers, fallback: boolean, isOdd: boolean): Drawn {
  const node = { kind: "rule", name: leaf.name } as const;
  const { connect, action, object } = leaf.hooks;
  if (phase === "action" && !action && object) {
    const said: NodeOutcome = { outcome: isOdd ? "deny" : "allow", halts: false };
    return { ...said, node: { ...node, ...outcomeOf(said), isPending: true } };
  }
  const atConnect = connect ?? (fallback ? action : undefined);
  const asks = phase === "connect" ? [atConnect] : phase === "action" ? [action] : [action, object];
  const given = asks.flatMap((ask) => (ask ? [answers.get(ask)] : []));
  const said = together(
    "and",
    given.map((one) => ({ outcome: one?.decision.outcome, halts: one?.isFinal === true })),
  );
  const telling = given.find((one) => one && one.decision.outcome === said.outcome);
  return { ...said, node: { ...node, ...outcomeOf(said), ...(telling && tell(telling, given)) } };
}

function tell(
  { decision: { code, reason } }: RecordedAnswer,
  given: readonly (RecordedAnswer | undefined)[],
): Partial<TraceNode> {
  const milliseconds = given.reduce((sum, one) => sum + (one?.milliseconds ?? 0), 0);
  return { code, milliseconds, ...(reason !== undefined && { reason }) };
}

function outcomeOf({ outcome }: NodeOutcome): { outcome?: Outcome } {
  return outcome === undefined ? {} : { outcome };
}

function negated({ outcome, halts }: NodeOutcome): NodeOutcome {
  return { outcome: outcome === "allow" ? "deny" : outcome === "deny" ? "allow" : outcome, halts };
}

/** The tables of `and` and `or`, as the decision goes through them: what is behind the decisive operand does not count. */
function together(kind: "and" | "or", operands: readonly NodeOutcome[]): NodeOutcome {
  const decisive = kind === "and" ? "deny" : "allow";
  const order: readonly (Outcome | undefined)[] =
    kind === "and" ? ["error", undefined, "allow"] : [undefined, "error", "deny"];
  const met = new Set<Outcome | undefined>();
  let halts = false;
  for (const { outcome, halts: isHalting } of operands) {
    if (outcome === decisive) return { outcome, halts: false };
    met.add(outcome);
    halts ||= isHalting;
    if (isHalting && kind === "and") break;
  }
  const found = order.findIndex((outcome) => met.has(outcome));
  const outcome = found === -1 ? "abstain" : order[found];
  return { outcome, halts };
}
