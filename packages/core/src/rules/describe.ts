import { PHASES, type Phase, type Tree } from "./tree.js";

/** A rule as plain JSON. */
export interface DescribedRule {
  kind: "rule" | "and" | "or" | "not";
  name: string;
  /** The phases that a rule answers. */
  asks?: Phase[];
  operands?: DescribedRule[];
}

/** A tree as plain JSON. */
export function describeTree(tree: Tree): DescribedRule {
  const { name } = tree;
  if (tree.kind === "leaf") return { kind: "rule", name, asks: PHASES.filter((phase) => tree.hooks[phase]) };
  return { kind: tree.kind, name, operands: tree.operands.map(describeTree) };
}
