import { ALLOWED, createDecision } from "../decision/decision.js";
import type { Decision } from "../decision/decision-types.js";
import type { RuleContext } from "../rules/rule-context.js";
import type { Phase, Tree } from "../rules/tree.js";
import { isStep, Kind, type Plan, plan, Step } from "./plan.js";

/**
 * A plan as a flat jump program: the leaves in the order of asking, each with the step that follows a true and the one
 * that follows a false. The ends hold frozen decisions. One integer remembers the leaves that answered true.
 */
export interface Program {
  /** The first step; `undefined` when only the tree walker can find the decision. */
  readonly start: Step | undefined;
  readonly root: Plan;
  readonly leaves: readonly Step[];
  readonly name: string;
  readonly needsObject: boolean;
  /** The decision for an allow without evidence and without faults. */
  readonly allowed: Decision;
  /** Denials by the bit mask of true answers; `undefined` when the end alone determines the denial. */
  readonly denials: Map<number, Decision> | undefined;
}

/** Maximum number of answers that fit into the bits of a small integer. */
const BITS = 30;

/** Placeholder at an end whose denial is computed when it is first reached. */
export const UNRESOLVED: Decision = createDecision("deny", "permission_denied");

/** Compiles a tree for one phase. Returns `undefined` when the tree abstains. */
export function compile(tree: Tree, phase: Phase, fallback: boolean): Program | undefined {
  const { root, leaves, needsObject } = plan(tree, phase, fallback);
  if (root === undefined) return undefined;
  const { name } = tree;
  const allowed = createDecision("allow", "allowed", { by: name });
  const start = wire(root, endStep(Kind.Allows, allowed), undefined);
  const denials = isClear(root) ? undefined : new Map<number, Decision>();
  const isBlind = !isClear(root, true) && mark(leaves, denials ? Kind.Allows : Kind.Refuses) > BITS;
  return { start: isBlind ? undefined : start, root, leaves, name, needsObject, allowed, denials };
}

/** Links each leaf of a plan to the steps that follow it. A missing step becomes an end that refuses. */
function wire(node: Plan, onTrue: Step | undefined, onFalse: Step | undefined): Step {
  if (isStep(node)) {
    node.onTrue = onTrue ?? endStep(Kind.Refuses, UNRESOLVED, node.index);
    node.onFalse = onFalse ?? endStep(Kind.Refuses, UNRESOLVED, node.index);
    return node;
  }
  const { kind, operands } = node;
  if (kind === "not") return wire(operands[0] as Plan, onFalse, onTrue);
  let next = kind === "and" ? onTrue : onFalse;
  for (let i = operands.length - 1; i >= 0; i--) {
    const operand = operands[i] as Plan;
    next = kind === "and" ? wire(operand, next, onFalse) : wire(operand, onTrue, next);
  }
  return next as Step;
}

/**
 * Gives a bit to each leaf whose answer must be remembered. Where one answer leads to an end that is `told` from others,
 * a step that was reached is that end, or implies the other answer.
 *
 * @param told The first kind of such ends: an end that refuses is one where its denial does not depend on the bits.
 * @returns The number of leaves that need a bit.
 */
function mark(leaves: readonly Step[], told: Kind): number {
  let marked = 0;
  for (const leaf of leaves) {
    if (Math.max(leaf.onTrue.kind, leaf.onFalse.kind) >= told) continue;
    leaf.bit = 1 << marked;
    marked += 1;
  }
  return marked;
}

/**
 * True when each step determines the denials before it. A step behind an `and` within an `or` does not, because any
 * operand of the `and` may have denied. The operands of a `not` do not matter to an end, because a `not` denies in its
 * own name. They matter inside (`isInside`), because a fault there lists all earlier denials as its causes.
 */
function isClear(node: Plan, isInside = false): boolean {
  if (isStep(node)) return true;
  const { kind, operands } = node;
  if (kind === "not" && !isInside) return true;
  const last = operands.length - 1;
  return operands.every(
    (operand, i) => isClear(operand, isInside) && !(kind === "or" && operand.kind === "and" && i < last),
  );
}

function endStep(kind: Kind, end: Decision, index = 0): Step {
  const ask = { fn: Boolean, self: undefined, context: true };
  return new Step({ kind, ask, index, name: end.by, denial: end, end });
}

/** A program that always refuses. */
export function refusing(refusal: Decision): Program {
  return single(Kind.FunctionRule, refusal.by, () => refusal, endStep(Kind.Refuses, refusal));
}

/** A program without rules. Its step returns `{ payload }` or `{ object }` for the stages behind it, or a refusal. */
export function preparing(name: string, fn: (question: RuleContext) => unknown): Program {
  return single(Kind.Preparation, name, fn);
}

function single(kind: Kind, name: string, fn: (question: RuleContext) => unknown, start?: Step): Program {
  const ask = { fn, self: undefined, context: true };
  return alone(new Step({ kind, ask, index: 0, name, denial: UNRESOLVED }), start);
}

/**
 * A program of one step. Without `start` the tree walker evaluates it. Its list of leaves is empty, so that `explain`
 * does not ask the step as a rule.
 */
export function alone(leaf: Step, start?: Step): Program {
  const { name } = leaf;
  return { start, root: leaf, leaves: [], name, needsObject: false, allowed: ALLOWED, denials: undefined };
}
