import { allowing, combine, mergeEvidence, negate } from "./combine.js";
import { abstain, type Decision, thrown } from "./decision.js";
import type { Plan, PlanBranch, PlanLeaf } from "./plan.js";
import { denialByBits } from "./program.js";

/** The answer of one leaf or branch on the way. */
export interface Reading {
  readonly decision: Decision;
  /** A returned `fault`: nothing behind it is asked. A throw is gone past. */
  readonly halts: boolean;
}

interface Frame {
  readonly branch: PlanBranch;
  /** Position of the operand that comes next. */
  next: number;
  allowed: boolean;
  halts: boolean;
  evidence: Readonly<Record<string, unknown>> | undefined;
  /** Denials and errors, in the order they were met. */
  readonly met: Decision[];
  /** Faults behind operands that allowed all the same. */
  readonly noted: Decision[];
}

const NOTHING: Reading = { decision: abstain(), halts: false };

/**
 * The general program: knows all four outcomes, evidence and causes. It is fed one leaf after the other, so that
 * answers may come at once or later, and no leaf is asked twice.
 */
export class Walk {
  readonly #frames: Frame[] = [];
  /** The leaf to ask next; `undefined` once there is a result. */
  leaf: PlanLeaf | undefined;
  result: Reading | undefined;

  /** Starts at the first leaf. */
  static from(root: Plan): Walk {
    const walk = new Walk();
    walk.#descend(root);
    return walk;
  }

  /**
   * Takes over from the fast program at a leaf.
   * INVARIANT: to have come there, every earlier operand of an `and` allowed and every earlier one of an `or` denied.
   */
  static at(leaf: PlanLeaf, trues: number): Walk {
    const walk = new Walk();
    let node: Plan = leaf;
    for (let parent = leaf.parent; parent !== undefined; parent = parent.parent) {
      const frame = openFrame(parent, node.position + 1);
      const earlier = parent.operands.slice(0, node.position);
      if (parent.kind === "and") frame.allowed = earlier.length > 0;
      else frame.met.push(...earlier.map((operand) => denialByBits(operand, trues)));
      walk.#frames.push(frame);
      node = parent;
    }
    walk.#frames.reverse();
    walk.leaf = leaf;
    return walk;
  }

  /** Takes the answer of `leaf` and moves on to the next one. */
  give(reading: Reading): void {
    let current = reading;
    for (let frame = this.#frames.at(-1); frame !== undefined; frame = this.#frames.at(-1)) {
      const isOver = fold(frame, current);
      const following = frame.branch.operands[frame.next];
      if (!isOver && following !== undefined) {
        frame.next += 1;
        this.#descend(following);
        return;
      }
      this.#frames.pop();
      current = close(frame, current);
    }
    this.leaf = undefined;
    this.result = current;
  }

  #descend(from: Plan): void {
    let node = from;
    while (node.kind !== "leaf") {
      this.#frames.push(openFrame(node, 1));
      node = node.operands[0] as Plan;
    }
    this.leaf = node;
  }
}

function openFrame(branch: PlanBranch, next: number): Frame {
  return { branch, next, allowed: false, halts: false, evidence: undefined, met: [], noted: [] };
}

/** Adds one operand to a frame. Tells whether the branch is decided. */
function fold(frame: Frame, { decision, halts }: Reading): boolean {
  const { kind, name } = frame.branch;
  if (decision.outcome === "abstain") return false;
  if (decision.outcome === "allow") {
    try {
      frame.evidence = mergeEvidence(frame.evidence, decision.evidence);
      frame.allowed = true;
    } catch (error) {
      frame.met.push(thrown(error, name));
    }
    if (decision.causes) frame.noted.push(...decision.causes);
    return kind === "or";
  }
  frame.met.push(decision);
  frame.halts ||= halts;
  return kind === "and" && (decision.outcome === "deny" || halts);
}

/** What a branch answers once it is decided: the two tables of Kleene's strong logic, with abstain as neutral. */
function close({ branch, met, noted, allowed, evidence, halts }: Frame, last: Reading): Reading {
  if (branch.kind === "not") return { decision: negate(last.decision, branch.denial), halts: last.halts };
  const first = met[0];
  if (first === undefined) return allowed ? { decision: allowing(evidence, noted), halts: false } : NOTHING;
  if (allowed && branch.kind === "or") return { decision: allowing(evidence, [...met, ...noted]), halts: false };
  const stronger = branch.kind === "and" ? "deny" : "error";
  const outcome = met.some((one) => one.outcome === stronger) ? stronger : first.outcome;
  return { decision: combine(met, outcome), halts };
}
