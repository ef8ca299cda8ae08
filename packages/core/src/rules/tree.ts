import type { Decision } from "../decision/decision-types.js";
import type { RuleContext } from "./rule-context.js";

/** The phases of a decision. */
export const PHASES = ["connect", "action", "object"] as const;
export type Phase = (typeof PHASES)[number];

/** The function of a rule for one phase. Also the key of its recorded answer. */
export interface RuleHook {
  /** Called with one context (function style), or with scope, consumer, action, payload and options (class style). */
  readonly fn: ((question: RuleContext) => unknown) & ((...args: never[]) => unknown);
  readonly self: object | undefined;
  readonly context: boolean;
}

/**
 * Key of an alternative function of an action hook. It applies to policies without an `actions` table, where the client
 * alone chooses the name of its action.
 */
export const UNLISTED = Symbol.for("@portcullis/core/unlisted");

/** A rule in a tree. */
export interface Leaf {
  readonly kind: "leaf";
  readonly name: string;
  /** The decision for a plain `false`. */
  readonly denial: Decision;
  readonly hooks: { readonly [M in Phase]: RuleHook | undefined };
  readonly depth: 0;
}

/** A combination in a tree. */
export interface Branch {
  readonly kind: "and" | "or" | "not";
  readonly name: string;
  readonly operands: readonly Tree[];
  /** The decision of a `not` whose operand has allowed. */
  readonly denial: Decision;
  readonly depth: number;
}

export type Tree = Leaf | Branch;

/** Replaces action hooks by their `UNLISTED` alternatives, for a policy without an `actions` table. */
export function unlisted(tree: Tree): Tree {
  if (tree.kind !== "leaf") return { ...tree, operands: tree.operands.map(unlisted) };
  const { action } = tree.hooks;
  const fn = (action?.fn as { [UNLISTED]?: RuleHook["fn"] } | undefined)?.[UNLISTED];
  return action && fn ? { ...tree, hooks: { ...tree.hooks, action: { ...action, fn } } } : tree;
}
