import { combine } from "./combine.js";
import { type Decision, decision } from "./decision.js";
import { type Plan, type Planned, plan } from "./plan.js";
import type { Moment, Tree } from "./tree.js";

/**
 * A plan as a flat jump program: the leaves in the order of asking, each with the node that follows a true and the one
 * that follows a false. Shared frozen decisions stand at the ends. One number remembers which leaves said true.
 */
export interface Program {
  /** Where the fast program starts; `undefined` where only the walk can tell what was denied. */
  readonly start: Step | undefined;
  readonly root: Plan;
  readonly name: string;
  readonly pending: boolean;
  /** Denials that depend on the way they were reached, by that way. */
  readonly denials: Map<number, Decision>;
}

/** What a step is. Leaves come before ends: the loop goes on while the kind is below `Allows`. */
export enum Kind {
  /** Asked with scope, consumer, action and payload. */
  ClassRule,
  /** Asked with one context. */
  FunctionRule,
  /** An end that allows. */
  Allows,
  /** An end that refuses. */
  Refuses,
}

/** One node of a program: a leaf to ask, or an end. One class, hence one shape, which keeps the loop fast. */
export class Step {
  onTrue: Step = this;
  onFalse: Step = this;

  constructor(
    readonly kind: Kind,
    readonly fn: (...args: never[]) => unknown,
    readonly self: object | undefined,
    readonly bit: number,
    readonly plan: Plan,
    /** `null` on a leaf. */
    public end: Decision | null,
  ) {}
}

/** Stands at an end whose denial is worked out when it is first reached. */
export const UNRESOLVED: Decision = decision("deny", "permission_denied");

/** As many leaves as there are bits in a small integer. */
const BITS = 30;
const MAX_REMEMBERED = 256;

/** Compiles a tree for one moment; `undefined` where the tree has nothing to say. */
export function compile(tree: Tree, moment: Moment, fallback = false): Program | undefined {
  const planned = plan(tree, moment, fallback);
  return planned.root && link(planned, planned.root, tree.name);
}

/** Where a denial goes: `origin` is the leaf or `not` that denied, `clear` whether that alone tells what was denied. */
type OnDeny = (origin: Plan, clear: boolean) => Step;

function link({ leaves, pending }: Planned, root: Plan, name: string): Program {
  const hasBits = leaves.length <= BITS;
  let unclear = false;
  const allowed = endStep(decision("allow", "allowed", { by: name }), root);
  const byBits = endStep(UNRESOLVED, root);
  const denied: OnDeny = (origin, clear) => (clear ? endStep(UNRESOLVED, origin) : byBits);

  const wire = (node: Plan, onAllow: Step, onDeny: OnDeny): Step => {
    if (node.kind === "leaf") {
      const { fn, self, context } = node.ask;
      const bit = hasBits ? 1 << node.index : 0;
      const step = new Step(context ? Kind.FunctionRule : Kind.ClassRule, fn, self, bit, node, null);
      step.onTrue = onAllow;
      step.onFalse = onDeny(node, true);
      return step;
    }
    if (node.kind === "not") return wire(node.operands[0] as Plan, onDeny(node, true), () => onAllow);
    const last = node.operands.length - 1;
    let next = onAllow;
    if (node.kind === "and") {
      for (let i = last; i >= 0; i--) next = wire(node.operands[i] as Plan, next, onDeny);
      return next;
    }
    const earlierIsClear = node.operands.slice(0, last).every(({ kind }) => kind === "leaf" || kind === "not");
    unclear ||= !earlierIsClear;
    next = wire(node.operands[last] as Plan, onAllow, (origin, clear) => onDeny(origin, clear && earlierIsClear));
    for (let i = last - 1; i >= 0; i--) {
      const following = next;
      next = wire(node.operands[i] as Plan, onAllow, () => following);
    }
    return next;
  };

  const start = wire(root, allowed, denied);
  return { start: unclear && !hasBits ? undefined : start, root, name, pending, denials: new Map() };
}

function endStep(end: Decision, plan: Plan): Step {
  return new Step(end.outcome === "allow" ? Kind.Allows : Kind.Refuses, Boolean, undefined, 0, plan, end);
}

/** A program that asks nothing and ends at once. */
export function constantStep(end: Decision): Step {
  return endStep(end, undefined as never);
}

/** The denial of a plan that is known to have denied, from the leaves that said true. */
export function denialByBits(node: Plan, trues: number): Decision {
  if (node.kind === "leaf" || node.kind === "not") return node.denial;
  if (node.kind === "or")
    return combine(
      node.operands.map((operand) => denialByBits(operand, trues)),
      "deny",
    );
  const denying = node.operands.find((operand) => !allowedByBits(operand, trues));
  return denialByBits(denying as Plan, trues);
}

function allowedByBits(node: Plan, trues: number): boolean {
  if (node.kind === "leaf") return (trues & (1 << node.index)) !== 0;
  if (node.kind === "and") return node.operands.every((operand) => allowedByBits(operand, trues));
  if (node.kind === "or") return node.operands.some((operand) => allowedByBits(operand, trues));
  return !allowedByBits(node.operands[0] as Plan, trues);
}

/** The denial at an unresolved end. Remembered, so that each is made once. */
export function denialAt(program: Program, step: Step, trues: number): Decision {
  if (step.plan !== program.root || step.plan.kind === "leaf") {
    step.end = denialFrom(step.plan);
    return step.end;
  }
  const known = program.denials.get(trues);
  if (known !== undefined) return known;
  const made = denialByBits(program.root, trues);
  if (program.denials.size < MAX_REMEMBERED) program.denials.set(trues, made);
  return made;
}

/** The denial that began at a leaf or `not` and went up to the root; every earlier operand of an `or` denied too. */
function denialFrom(origin: Plan): Decision {
  const met = [origin.denial];
  let node = origin;
  for (let parent = node.parent; parent !== undefined; node = parent, parent = node.parent) {
    if (parent.kind === "or") met.unshift(...parent.operands.slice(0, node.position).map(({ denial }) => denial));
  }
  return combine(met, "deny");
}
