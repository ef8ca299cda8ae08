import type { Decision } from "../decision/decision-types.js";
import type { Branch, Leaf, Phase, RuleHook, Tree } from "../rules/tree.js";

/**
 * A tree as it is asked at one moment: questions that a rule does not define are gone, equal combinations are merged,
 * single operands stand for themselves. `undefined` stands for a tree that has nothing to say.
 */
export type Plan = Step | PlanBranch;

/** What a step is. Leaves come before ends: the loop goes on while the kind is below `Allows`. */
export enum Kind {
  /** Asked with scope, consumer, action, payload and options. */
  ClassRule,
  /** Asked with one context. */
  FunctionRule,
  /** Asked as a function rule, but what it answers is the parsed payload, the loaded object, or a refusal. */
  Preparation,
  /** An end that allows. */
  Allows,
  /** An end that refuses. */
  Refuses,
}

/** As many leaves as there are bits in a small integer. */
export const BITS = 30;

/** The parts of a step. */
interface StepParts {
  readonly kind: Kind;
  readonly ask: RuleHook;
  /** The position among the leaves, in the order of asking; of an end that of the leaf in front of it. */
  readonly index: number;
  readonly name: string;
  /** The decision that a plain `false` stands for. */
  readonly denial: Decision;
  /** Set on an end. Default `null`. */
  readonly end?: Decision | null;
}

/** A leaf to ask, or an end. One class, hence one shape, which keeps the loop fast: what the loop reads comes first. */
export class Step {
  /** The steps that follow a true and a false. */
  onTrue: Step = this;
  onFalse: Step = this;
  declare readonly fn: RuleHook["fn"];
  declare readonly self: object | undefined;
  /** What a true is remembered by; 0 on a leaf beyond the last bit. */
  declare readonly bit: number;

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
    this.bit = index < BITS ? 1 << index : 0;
  }
}

export interface PlanBranch {
  readonly kind: "and" | "or" | "not";
  readonly name: string;
  readonly operands: readonly Plan[];
  /** What a `not` says where its operand allowed. */
  readonly denial: Decision;
}

/** Tells a leaf or an end from a branch, also where another copy of this package has made it. */
export function isStep(plan: Plan): plan is Step {
  return typeof plan.kind === "number";
}

/** A plan, with what is known of it before anything is asked. */
export interface Planned {
  root: Plan | undefined;
  leaves: Step[];
  /** Whether some leaf can only be decided once the object is there. */
  pending: boolean;
}

/**
 * Plans a tree for a moment.
 *
 * @param fallback At connect: whether a leaf without `canConnect` is asked `hasPermission`.
 */
export function plan(tree: Tree, phase: Phase, fallback: boolean): Planned {
  const planned: Planned = { root: undefined, leaves: [], pending: false };
  const { leaves } = planned;

  const add = ({ name, denial }: Leaf, ask: RuleHook | undefined): Step[] => {
    if (ask === undefined) return [];
    const kind = ask.context ? Kind.FunctionRule : Kind.ClassRule;
    const step = new Step({ kind, ask, index: leaves.length, name, denial });
    leaves.push(step);
    return [step];
  };

  const visitLeaf = (leaf: Leaf, odd: boolean): Step[] => {
    const { connect, action, object } = leaf.hooks;
    if (phase === "connect") return add(leaf, connect ?? (fallback ? action : undefined));
    if (phase === "object") return [...add(leaf, action), ...add(leaf, object)];
    if (action || !object) return add(leaf, action);
    planned.pending = true;
    return add(leaf, { fn: odd ? () => false : () => true, self: undefined, context: false });
  };

  const visit = (node: Tree, odd: boolean): Plan | undefined => {
    if (node.kind === "leaf") return group("and", node, visitLeaf(node, odd));
    if (node.kind === "not") return negation(node, visit(node.operands[0] as Tree, !odd));
    const operands: Plan[] = [];
    // A loop, not a callback: it halves the stack a deep tree needs.
    for (const operand of node.operands) {
      const inner = visit(operand, odd);
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
