import type { Decision } from "../decision/decision-types.js";
import type { Branch, Leaf, Phase, RuleHook, Tree } from "../rules/tree.js";

/**
 * A tree reduced to one phase. Rules without a hook for the phase are removed, nested combinations of one kind are
 * merged, and a combination with a single operand is replaced by it. `undefined` is a tree that abstains.
 */
export type Plan = Step | PlanBranch;

/** The kind of a step. Leaves come before ends, because the loop runs while the kind is below `Refuses`. */
export enum Kind {
  /** Called with scope, consumer, action, payload and options. */
  ClassRule,
  /** Called with one context. */
  FunctionRule,
  /** Called with one context. Returns the parsed payload, the loaded object, or a refusal. */
  Preparation,
  /** An end that refuses. */
  Refuses,
  /** An end that allows. */
  Allows,
}

/** The parts of a step. */
interface StepParts {
  readonly kind: Kind;
  readonly ask: RuleHook;
  /** The position among the leaves, in the order of asking. An end has the position of the leaf in front of it. */
  readonly index: number;
  readonly name: string;
  /** The decision that a plain `false` stands for. */
  readonly denial: Decision;
  /** Set on an end. Default `null`. */
  readonly end?: Decision | null;
}

/**
 * A leaf to ask, or an end. One class gives all steps one shape, which keeps the loop fast. The fields that the loop
 * reads come first.
 */
export class Step {
  /** The steps that follow a true and a false. */
  onTrue: Step = this;
  onFalse: Step = this;
  declare readonly fn: RuleHook["fn"];
  declare readonly self: object | undefined;
  /** The bit that remembers a true; 0 where it need not be remembered. */
  bit = 0;

  readonly kind: Kind;
  readonly ask: RuleHook;
  readonly index: number;
  readonly name: string;
  readonly denial: Decision;
  end: Decision | null;

  constructor({ kind, ask, index, name, denial, end = null }: StepParts) {
    this.kind = kind;
    this.ask = ask;
    this.index = index;
    this.name = name;
    this.denial = denial;
    this.end = end;
    this.fn = ask.fn;
    this.self = ask.self;
  }
}

export interface PlanBranch {
  readonly kind: "and" | "or" | "not";
  readonly name: string;
  readonly operands: readonly Plan[];
  /** The decision of a `not` whose operand has allowed. */
  readonly denial: Decision;
}

/** True for a leaf or an end, also for one of another copy of this package. */
export function isStep(plan: Plan): plan is Step {
  return typeof plan.kind === "number";
}

/** A plan with its static properties. */
export interface Planned {
  root: Plan | undefined;
  leaves: Step[];
  /** True when some leaf can only be decided with an object. */
  needsObject: boolean;
}

/**
 * Plans a tree for a phase.
 *
 * @param fallback True when `hasPermission` replaces a missing `canConnect` in the connect phase.
 */
export function plan(tree: Tree, phase: Phase, fallback: boolean): Planned {
  const planned: Planned = { root: undefined, leaves: [], needsObject: false };
  const { leaves } = planned;

  const add = ({ name, denial }: Leaf, ask: RuleHook | undefined): Step[] => {
    if (ask === undefined) return [];
    const kind = ask.context ? Kind.FunctionRule : Kind.ClassRule;
    const step = new Step({ kind, ask, index: leaves.length, name, denial });
    leaves.push(step);
    return [step];
  };

  const visitLeaf = (leaf: Leaf, isNegated: boolean): Step[] => {
    const { connect, action, object } = leaf.hooks;
    if (phase === "connect") return add(leaf, connect ?? (fallback ? action : undefined));
    if (phase === "object") return [...add(leaf, action), ...add(leaf, object)];
    if (action || !object) return add(leaf, action);
    planned.needsObject = true;
    // The object decides later. Until then the rule must not cause a denial, so a negated one answers false.
    return add(leaf, { fn: isNegated ? () => false : () => true, self: undefined, context: false });
  };

  const visit = (node: Tree, isNegated: boolean): Plan | undefined => {
    if (node.kind === "leaf") return group("and", node, visitLeaf(node, isNegated));
    if (node.kind === "not") return negation(node, visit(node.operands[0] as Tree, !isNegated));
    const operands: Plan[] = [];
    // A loop instead of a callback halves the stack that a deep tree needs.
    for (const operand of node.operands) {
      const inner = visit(operand, isNegated);
      if (inner?.kind === node.kind) for (const one of inner.operands) operands.push(one);
      else if (inner) operands.push(inner);
    }
    return group(node.kind, node, operands);
  };

  planned.root = visit(tree, false);
  return planned;
}

function group(kind: "and" | "or", { name, denial }: Tree, operands: Plan[]): Plan | undefined {
  return operands.length < 2 ? operands[0] : { kind, name, operands, denial };
}

function negation({ name, denial }: Branch, operand: Plan | undefined): Plan | undefined {
  if (operand?.kind === "not") return operand.operands[0];
  return operand && { kind: "not", name, operands: [operand], denial };
}
