import { describe, expect, it } from "vitest";
import { toTree } from "../rules/build-tree.js";
import { and } from "../rules/combinators/and.js";
import { not } from "../rules/combinators/not.js";
import { or } from "../rules/combinators/or.js";
import { permission } from "../rules/function-rule.js";
import type { PermissionLike } from "../rules/infer.js";
import type { Phase } from "../rules/tree.js";
import { type Plan, plan, Step } from "./plan.js";

const yes = () => true;
const a = permission("a", yes);
const b = permission("b", yes);
const c = permission("c", yes);
const connects = permission("connects", { connect: yes });
const both = permission("both", { action: yes, object: yes });
const onlyObject = permission("onlyObject", { object: yes });

function draw(plan: Plan | undefined): string {
  if (plan === undefined) return "-";
  if (plan instanceof Step) return `${plan.name}${plan.index}`;
  return `${plan.kind}(${plan.operands.map(draw).join(" ")})`;
}

const planned = (rule: PermissionLike, phase: Phase = "action", fallback = false) =>
  plan(toTree(rule, ""), phase, fallback);
const drawn = (rule: PermissionLike, phase: Phase = "action", fallback = false) =>
  draw(planned(rule, phase, fallback).root);

describe("a plan", () => {
  it("merges nested combinations, and numbers leaves in order", () => {
    expect(drawn(and(a, and(b, and(c))))).toBe("and(a0 b1 c2)");
    expect(drawn(or(or(a, b), or(c, [a, b])))).toBe("or(a0 b1 c2 and(a3 b4))");
    expect(drawn(and(or(a, and(b, and(c, a))), b))).toBe("and(or(a0 and(b1 c2 a3)) b4)");
  });

  it("removes single-operand combinations and double negations", () => {
    expect(drawn(and(or(and(a))))).toBe("a0");
    expect(drawn(not(not(a)))).toBe("a0");
    expect(drawn(not(and(not(or(a, b)))))).toBe("or(a0 b1)");
    expect(drawn(and(not(not(and(a, b))), c))).toBe("and(a0 b1 c2)");
    expect(drawn(not(not(not(a))))).toBe("not(a0)");
  });

  it("leaves out questions that are not defined", () => {
    expect(drawn(and(connects, or(a, connects), not(connects)))).toBe("a0");
    expect(drawn(and(connects, not(or(connects, connects))))).toBe("-");
    expect(drawn(and(connects, a), "connect")).toBe("connects0");
    expect(drawn(and(connects, a), "connect", true)).toBe("and(connects0 a1)");
    expect(drawn(onlyObject, "connect", true)).toBe("-");
  });

  it("asks both questions of a rule about an object", () => {
    expect(drawn(or(both, a), "object")).toBe("or(and(both0 both1) a2)");
    expect(drawn(and(both, onlyObject), "object")).toBe("and(both0 both1 onlyObject2)");
    expect(drawn(not(both), "object")).toBe("not(and(both0 both1))");
  });

  it("makes needsObject leaves neutral under any number of nots", () => {
    const standsFor = (rule: PermissionLike) => {
      const { leaves, needsObject } = planned(rule);
      return [needsObject, ...leaves.map(({ ask }) => (ask.fn as () => unknown)())];
    };
    expect(standsFor(onlyObject)).toEqual([true, true]);
    expect(standsFor(not(onlyObject))).toEqual([true, false]);
    expect(standsFor(not(and(not(onlyObject), onlyObject)))).toEqual([true, true, false]);
    expect(planned(both).needsObject).toBe(false);
    expect(planned(onlyObject, "object").needsObject).toBe(false);
  });
});
