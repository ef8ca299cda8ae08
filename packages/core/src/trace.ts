import type { Outcome } from "./decision.js";
import type { Recorded } from "./run.js";
import type { Ask, Moment, Tree } from "./tree.js";

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
  operands?: TraceNode[];
}

/** Draws a tree with the answers that were given. A rule that has no question for the moment abstains. */
export function traceTree(
  tree: Tree,
  moment: Moment,
  answers: ReadonlyMap<Ask, Recorded>,
  fallback = false,
): TraceNode {
  const { kind, name } = tree;
  if (kind === "leaf") {
    const { connect, action, object } = tree.asks;
    const own =
      moment === "connect"
        ? [connect ?? (fallback ? action : undefined)]
        : [action, moment === "object" ? object : undefined];
    const asked = own.flatMap((ask) => (ask ? [ask] : []));
    if (asked.length === 0) return { kind: "rule", name, outcome: "abstain" };
    return { kind: "rule", name, ...together(asked.flatMap((ask) => answers.get(ask) ?? [])) };
  }
  const operands = tree.operands.map((operand) => traceTree(operand, moment, answers, fallback));
  const outcome = outcomeOf(kind, operands);
  return { kind, name, ...(outcome && { outcome }), operands };
}

/** The answers of one rule to the action and to the object count as one: the refusal, else the last. */
function together(given: readonly Recorded[]): Partial<TraceNode> {
  const telling =
    given.find(({ decision }) => decision.outcome === "deny") ??
    given.find(({ decision }) => decision.outcome === "error") ??
    given.at(-1);
  if (telling === undefined) return {};
  const { outcome, code, reason } = telling.decision;
  const milliseconds = given.reduce((sum, one) => sum + one.milliseconds, 0);
  return { outcome, code, milliseconds, ...(reason !== undefined && { reason }) };
}

function outcomeOf(kind: "and" | "or" | "not", operands: readonly TraceNode[]): Outcome | undefined {
  const outcomes = operands.flatMap(({ outcome }) => outcome ?? []);
  if (outcomes.length === 0) return undefined;
  if (kind === "not") return outcomes[0] === "allow" ? "deny" : outcomes[0] === "deny" ? "allow" : outcomes[0];
  const order: readonly Outcome[] = kind === "and" ? ["deny", "error", "allow"] : ["allow", "error", "deny"];
  return order.find((outcome) => outcomes.includes(outcome)) ?? "abstain";
}
