import { ALLOWED, decision } from "../decision/decision.js";
import type { Decision } from "../decision/decision-types.js";
import type { RuleContext } from "../rules/rule-context.js";
import type { Phase, Tree } from "../rules/tree.js";
import { BITS, isStep, Kind, type Plan, plan, Step } from "./plan.js";

/**
 * A plan as a flat jump program: the leaves in the order of asking, each with the step that follows a true and the one
 * that follows a false. Frozen decisions stand at the ends. One number remembers which leaves said true.
 */
export interface Program {
  /** Where the fast program starts; `undefined` where only the walk can tell what comes of it. */
  readonly start: Step | undefined;
  readonly root: Plan;
  readonly leaves: readonly Step[];
  readonly name: string;
  readonly pending: boolean;
  /** What is decided where the rules allow and there is nothing to add to it. */
  readonly allowed: Decision;
  /** Denials by the leaves that said true; `undefined` where the end alone tells what was denied. */
  readonly denials: Map<number, Decision> | undefined;
}

/** Stands at an end whose denial is worked out when it is first reached. */
export const UNRESOLVED: Decision = decision("deny", "permission_denied");

/** Compiles a tree for one moment; `undefined` where the tree has nothing to say. */
export function compile(tree: Tree, phase: Phase, fallback: boolean): Program | undefined {
  const { root, leaves, pending } = plan(tree, phase, fallback);
  if (root === undefined) return undefined;
  const { name } = tree;
  const allowed = decision("allow", "allowed", { by: name });
  const start = wire(root, endStep(Kind.Allows, allowed), undefined);
  const denials = isClear(root) ? undefined : new Map<number, Decision>();
  const isBlind = leaves.length > BITS && !isClear(root, true);
  return { start: isBlind ? undefined : start, root, leaves, name, pending, allowed, denials };
}

/** Links the leaves of a plan. Where nothing follows a true or a false, it refuses. */
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
 * Whether having come to a step tells what was denied before it: behind an `and` in an `or` it does not, each operand may
 * have been it. What a `not` holds is of no interest to an end, for a `not` denies in its own name; but it is to a fault
 * inside, which names all that was met.
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

/** A program that refuses whoever comes to it. */
export function refusing(refusal: Decision): Program {
  return single(Kind.FunctionRule, refusal.by, () => refusal, endStep(Kind.Refuses, refusal));
}

/** A program that asks no rule: its step answers `{ payload }` or `{ object }` for what is behind it, or a refusal. */
export function preparing(name: string, fn: (question: RuleContext) => unknown): Program {
  return single(Kind.Preparation, name, fn);
}

function single(kind: Kind, name: string, fn: (question: RuleContext) => unknown, start?: Step): Program {
  const ask = { fn, self: undefined, context: true };
  return alone(new Step({ kind, ask, index: 0, name, denial: UNRESOLVED }), start);
}

/** A program of one step, that the fast path does not ask. No rule of a tree is among its leaves. */
export function alone(leaf: Step, start?: Step): Program {
  const { name } = leaf;
  return { start, root: leaf, leaves: [], name, pending: false, allowed: ALLOWED, denials: undefined };
}
