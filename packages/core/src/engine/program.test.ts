import { describe, expect, it } from "vitest";
import { CONSUMER } from "../../test/probes.js";
import { actNow } from "../../test/support.js";
import { allow, deny } from "../decision/answers.js";
import type { Decision } from "../decision/decision-types.js";
import { definePolicy } from "../policy/policy.js";
import { toTree } from "../rules/build-tree.js";
import { and } from "../rules/combinators/and.js";
import { not } from "../rules/combinators/not.js";
import { or } from "../rules/combinators/or.js";
import { permission } from "../rules/function-rule.js";
import type { PermissionLike } from "../rules/infer.js";
import type { Step } from "./plan.js";
import { compile } from "./program.js";

const flag = (name: string) =>
  permission(name, ({ scope }) => (scope as unknown as Record<string, boolean>)[name] === true);
const [a, b, c] = [flag("a"), flag("b"), flag("c")];
const flags = (count: number) =>
  Array.from({ length: count }, (_, index) => flag(`f${index}`)) as unknown as [PermissionLike];

/** That many `and` of two leaves. */
const pairs = (count: number) => Array.from({ length: count }, () => and(a, b)) as unknown as [PermissionLike];

describe("a program", () => {
  const start = (rule: PermissionLike) => compile(toTree(rule, ""), "action", false)?.start as Step;

  it("is leaves with two targets each, and ends", () => {
    const first = start(or(and(a, b), c));
    expect([first, first.onTrue, first.onFalse].map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(first.onTrue.onTrue.end).toMatchObject({ outcome: "allow" });
    expect(first.onTrue.onTrue).toBe(first.onFalse.onTrue);
    expect(first.onTrue.onFalse).toBe(first.onFalse);
    const { onFalse: end } = first.onFalse;
    expect([end.onTrue, end.onFalse]).toEqual([end, end]);
  });

  it("jumps to the other side under a not", () => {
    const first = start(not(and(a, not(b))));
    expect(first.onFalse.end).toMatchObject({ outcome: "allow" });
    expect(first.onTrue.onTrue.end).toMatchObject({ outcome: "allow" });
    expect(first.onTrue.onFalse.end).toMatchObject({ outcome: "deny" });
  });

  it("there is none where the tree has nothing to say", () => {
    expect(compile(toTree(not(permission("x", { connect: () => true })), ""), "action", false)).toBeUndefined();
  });

  it("of over 30 leaves is fast with unambiguous ends", () => {
    expect(start(and(...flags(31)))).toBeDefined();
    expect(start(or(...flags(31)))).toBeDefined();
    expect(start(or(...flags(40), and(a, b)))).toBeDefined();
    expect(start(or(and(a, b), ...flags(40)))).toBeDefined();
    expect(start(or(a, and(...flags(40))))).toBeDefined();
    expect(start(not(or(and(a, b), ...flags(40))))).toBeDefined();
    expect(start(or(a, and(...flags(40))))).toBeDefined();
  });

  it("has a bit for each leaf that can precede a denial with both answers", () => {
    const bitsOf = (rule: PermissionLike) => {
      const { leaves = [] } = compile(toTree(rule, ""), "action", false) ?? {};
      return leaves.map(({ bit }) => bit);
    };
    expect(bitsOf(or(and(a, b), and(b, c)))).toEqual([1, 0, 2, 0]);
    expect(bitsOf(and(a, or(b, c), c))).toEqual([0, 0, 0, 0]);
    expect(bitsOf(or(and(a, b), or(and(b, c), c)))).toEqual([1, 0, 2, 0, 0]);
    expect(bitsOf(or(and(not(a), b), c))).toEqual([1, 0, 0]);
    expect(bitsOf(or(and(a, b), not(or(b, c))))).toEqual([1, 0, 2, 0]);
    expect(bitsOf(not(or(and(a, b), c)))).toEqual([1, 0, 0]);
  });

  it("is fast up to 30 bits", () => {
    expect(start(or(...pairs(30)))).toBeDefined();
    expect(start(or(...pairs(31)))).toBeUndefined();
    expect(start(not(or(...pairs(31))))).toBeDefined();
    expect(start(not(or(...pairs(32))))).toBeUndefined();
  });
});

describe("a denial by way of several branches", () => {
  const decide = (rule: PermissionLike, scope: Record<string, boolean>) => {
    const policy = definePolicy({ actions: { act: rule } });
    return policy.decide(scope as never, CONSUMER, "act") as unknown as {
      outcome: string;
      causes?: { by: string }[];
    };
  };

  it("names who denied in each of them", () => {
    const rule = or(and(a, or(b, not(c))), and(not(a), b), and(or(and(c, a), b), not(c)));
    const denied = decide(rule, { a: true, c: true });
    expect(denied.outcome).toBe("deny");
    expect(denied.causes?.map(({ by }) => by)).toEqual(["b", "not(c)", "not(a)", "not(c)"]);
  });

  it.each([28, 31])("is the same with %i more bits, also when repeated", (count) => {
    const many = flags(count);
    const rule = or(and(a, b), and(...many));
    const policy = definePolicy({ actions: { act: rule } });
    for (const scope of [{ a: true }, {}, { a: true, f0: true, f1: true }, { a: true }]) {
      const decision = policy.decide(scope as never, CONSUMER, "act") as unknown as { causes?: { by: string }[] };
      const second = "f1" in scope ? "f2" : "f0";
      expect(decision.causes?.map(({ by }) => by)).toEqual(["a" in scope ? "b" : "a", second]);
    }
  });

  it("inside a not counts as a cause of a fault", () => {
    const broken = permission("broken", () => {
      throw new Error("down");
    });
    const rule = not(or(and(a, b), broken, and(...flags(31))));
    expect(
      decide(rule, {})
        .causes?.map(({ by }) => by)
        ?.slice(0, 2),
    ).toEqual(["a", "broken"]);
    expect(
      decide(rule, { a: true })
        .causes?.map(({ by }) => by)
        ?.slice(0, 2),
    ).toEqual(["b", "broken"]);
  });
});

describe("leaves beyond the last bit", () => {
  const yes = permission("yes", () => true);
  const no = permission("no", () => false);
  const says = (name: string, answer: () => unknown) => permission(name, answer as () => boolean);
  const denies = says("denies", () => deny("late"));
  const decide = (...rules: PermissionLike[]) => actNow(and(...(rules as [PermissionLike])));
  const refusals = ({ causes }: Decision) => causes?.map(({ code }) => code);
  const first = Array.from({ length: 30 }, () => yes);

  it("answered false when the path skipped its true target", () => {
    expect(refusals(decide(...first, or(no, denies)))).toEqual(["permission_denied", "late"]);
    expect(refusals(decide(...first, or(no, and(yes, or(no, denies)))))).toEqual([
      "permission_denied",
      "permission_denied",
      "late",
    ]);
  });

  it("are not taken for those that have the same bit of an integer", () => {
    const marked = Array.from({ length: 32 }, () => or(yes, no));
    expect(refusals(decide(...marked, or(no, denies), yes))).toEqual(["permission_denied", "late"]);
  });

  it("said true where the way led there", () => {
    expect(
      decide(
        ...first,
        yes,
        yes,
        says("allows", () => allow({ a: 1 })),
      ),
    ).toMatchObject({ evidence: { a: 1 } });
    expect(decide(...first, not(and(yes, not(denies)))).outcome).toBe("deny");
  });

  it("said false where a true would have led further", () => {
    const asked: string[] = [];
    const after = says("after", () => asked.push("after") > 0);
    expect(refusals(decide(...first, or(no, denies), after))).toEqual(["permission_denied", "late"]);
    expect(asked).toEqual([]);
  });

  it("are not taken for the first, which have the bits", () => {
    const others = Array.from({ length: 31 }, () => no);
    expect(decide(yes, or(...(others as unknown as [PermissionLike]), no, denies)).outcome).toBe("deny");
  });
});
