import { and, not, or, type PermissionLike } from "@portcullis/core";
import type { Spec } from "./naive.js";

export const LETTERS = ["a", "b", "c", "d"] as const;

/**
 * Every tree of `and` and `or` (binary and wider) with a number of leaves and at most one `not` on each node. The leaves
 * are named `a`, `b`, `c`, `d` in the order of asking.
 */
export function everyTree(leaves: number): Spec[] {
  return shapes(leaves).map((shape) => named(shape, [...LETTERS].slice(0, leaves)));
}

/** A tree whose leaves have no names yet. */
type Shape = "leaf" | { kind: "and" | "or"; operands: Shape[] } | { kind: "not"; operands: [Shape] };

function shapes(leaves: number): Shape[] {
  const bare: Shape[] =
    leaves === 1
      ? ["leaf"]
      : forests(leaves).flatMap((operands) => [
          { kind: "and" as const, operands },
          { kind: "or" as const, operands },
        ]);
  return bare.flatMap((shape) => [shape, { kind: "not", operands: [shape] }]);
}

/** Every list of two or more trees with that many leaves in total. */
function forests(leaves: number): Shape[][] {
  const split = (rest: number): Shape[][] => {
    if (rest === 0) return [[]];
    const lists: Shape[][] = [];
    for (let first = 1; first <= Math.min(rest, leaves - 1); first++) {
      for (const head of shapes(first)) for (const tail of split(rest - first)) lists.push([head, ...tail]);
    }
    return lists;
  };
  return split(leaves);
}

function named(shape: Shape, names: string[]): Spec {
  if (shape === "leaf") return names.shift() as string;
  const operands = shape.operands.map((operand) => named(operand, names));
  if (shape.kind === "not") return { not: operands[0] as Spec };
  return shape.kind === "and" ? { and: operands } : { or: operands };
}

/** The names of the leaves of a tree, in the order of asking. */
export function leavesOf(spec: Spec): string[] {
  if (typeof spec === "string") return [spec];
  if ("not" in spec) return leavesOf(spec.not);
  return ("and" in spec ? spec.and : spec.or).flatMap(leavesOf);
}

/** A permission from a tree as data; `leaf` makes the rule of a name. */
export function build(spec: Spec, leaf: (name: string) => PermissionLike): PermissionLike {
  if (typeof spec === "string") return leaf(spec);
  if ("not" in spec) return not(build(spec.not, leaf)) as PermissionLike;
  const operands = ("and" in spec ? spec.and : spec.or).map((one) => build(one, leaf)) as [
    PermissionLike,
    ...PermissionLike[],
  ];
  return ("and" in spec ? and(...operands) : or(...operands)) as PermissionLike;
}
