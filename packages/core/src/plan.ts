import type { Decision } from "./decision.js";
import type { Ask, Branch, Leaf, Moment, Tree } from "./tree.js";

/**
 * A tree as it is asked at one moment: questions that a rule does not define are gone, equal combinations are merged,
 * single operands stand for themselves. `undefined` stands for a tree that has nothing to say.
 */
export type Plan = PlanLeaf | PlanBranch;

interface Placed {
  name: string;
  parent: PlanBranch | undefined;
  /** Position among the operands of the parent. */
  position: number;
}

export interface PlanLeaf extends Placed {
  kind: "leaf";
  /** Position among the leaves, in the order of asking. */
  index: number;
  denial: Decision;
  ask: Ask;
  leaf: Leaf;
}

export interface PlanBranch extends Placed {
  kind: "and" | "or" | "not";
  operands: Plan[];
  /** What a `not` says where its operand allowed. */
  denial: Decision;
}

/** A plan, with what is known of it before anything is asked. */
export interface Planned {
  root: Plan | undefined;
  leaves: PlanLeaf[];
  /** Whether some leaf can only be decided once the object is there. */
  pending: boolean;
}

/**
 * Plans a tree for a moment.
 *
 * @param fallback At connect: whether a leaf without `canConnect` is asked `hasPermission`.
 */
export function plan(tree: Tree, moment: Moment, fallback = false): Planned {
  const planned: Planned = { root: undefined, leaves: [], pending: false };

  const leafPlan = (leaf: Leaf, ask: Ask): PlanLeaf => {
    const { name, denial } = leaf;
    return { kind: "leaf", name, denial, ask, leaf, index: 0, parent: undefined, position: 0 };
  };

  const visitLeaf = (leaf: Leaf, odd: boolean): Plan | undefined => {
    const { connect, action, object } = leaf.asks;
    if (moment === "connect") {
      const ask = connect ?? (fallback ? action : undefined);
      return ask && leafPlan(leaf, ask);
    }
    if (moment === "object") {
      const parts = [action, object].flatMap((ask) => (ask ? [leafPlan(leaf, ask)] : []));
      return group("and", leaf, parts);
    }
    if (action) return leafPlan(leaf, action);
    if (!object) return undefined;
    planned.pending = true;
    return leafPlan(leaf, { fn: odd ? () => false : () => true, self: undefined, context: false });
  };

  const visit = (node: Tree, odd: boolean): Plan | undefined => {
    if (node.kind === "leaf") return visitLeaf(node, odd);
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
  if (planned.root) place(planned.root, planned.leaves);
  return planned;
}

function group(kind: "and" | "or", { name, denial }: Tree, operands: Plan[]): Plan | undefined {
  if (operands.length < 2) return operands[0];
  return { kind, name, operands, denial, parent: undefined, position: 0 };
}

function negation({ name, denial }: Branch, operand: Plan | undefined): Plan | undefined {
  if (operand === undefined) return undefined;
  if (operand.kind === "not") return operand.operands[0];
  return { kind: "not", name, operands: [operand], denial, parent: undefined, position: 0 };
}

function place(root: Plan, leaves: PlanLeaf[]): void {
  const stack: Plan[] = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.kind === "leaf") {
      node.index = leaves.length;
      leaves.push(node);
      continue;
    }
    for (let i = node.operands.length - 1; i >= 0; i--) {
      const operand = node.operands[i] as Plan;
      operand.parent = node;
      operand.position = i;
      stack.push(operand);
    }
  }
}
