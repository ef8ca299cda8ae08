import { MOMENTS, type Moment, type Tree } from "./tree.js";

/** A rule as plain JSON. */
export interface DescribedRule {
  kind: "rule" | "and" | "or" | "not";
  name: string;
  /** What a rule answers. */
  asks?: Moment[];
  operands?: DescribedRule[];
}

/** A tree as plain JSON. */
export function describeTree(tree: Tree): DescribedRule {
  const { name } = tree;
  if (tree.kind === "leaf") return { kind: "rule", name, asks: MOMENTS.filter((moment) => tree.asks[moment]) };
  return { kind: tree.kind, name, operands: tree.operands.map(describeTree) };
}
