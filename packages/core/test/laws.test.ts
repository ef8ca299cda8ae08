import { and, BasePermission, type Decision, definePolicy, not, or, type PermissionLike } from "@portcullis/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { built, reference, Tally, tableOf } from "./every.js";
import { answers, definite, dual, renested, trees } from "./large-trees.js";
import { nameOf, type Spec } from "./naive.js";
import { CONSUMER, classRule, DENY, functionRule, NO, type Table, type Way } from "./probes.js";
import { build, leavesOf } from "./trees.js";

const RUNS = { numRuns: 200 };

/** A tree with an answer for each leaf. */
const judged = (most: number, of = answers, least = 1) =>
  trees(most, least).chain((spec) => fc.tuple(fc.constant(spec), of(leavesOf(spec).length)));

/** The outcome of a rule for the action of a table. Distinguishes an abstention from a denial. */
function outcomeOf(rule: PermissionLike, scope: Table): Decision["outcome"] {
  const ask = (options: object) =>
    (definePolicy(options) as never as { decide(...all: unknown[]): Decision }).decide(scope, CONSUMER, "act", {});
  const { outcome } = ask({ actions: { act: rule } });
  const beside = outcome === "deny" ? ask({ permissions: rule, actions: { act: Always } }).outcome : outcome;
  return beside === "allow" && outcome === "deny" ? "abstain" : outcome;
}

class Always extends BasePermission {
  override hasPermission() {
    return true;
  }
}

const ruleOf = (spec: Spec): PermissionLike => build(spec, (name) => classRule(name, ["action"]));

/** The decision of a tree for the given answers, and the leaves that were asked. */
function say(spec: Spec, ways: readonly Way[]) {
  const scope = tableOf(leavesOf(spec), ways);
  const { outcome, code, status } = built(spec, "action", classRule).ask(scope) as Decision;
  return { outcome, code, status, asked: scope.asked };
}

describe("larger trees, against the reference", () => {
  it.each(["connect", "action", "object"] as const)("up to 60 leaves, at %s", (phase) => {
    fc.assert(
      fc.property(judged(60), ([spec, ways]) => {
        const tally = new Tally();
        tally.check(built(spec, phase, classRule), reference(spec, phase)(ways));
        expect(tally.differences).toEqual([]);
      }),
      RUNS,
    );
  });

  it("more leaves than a small integer has bits", () => {
    const often = trees(60, 31).chain((spec) =>
      fc.tuple(fc.constant(spec), fc.array(answers(leavesOf(spec).length), { minLength: 2, maxLength: 6 })),
    );
    fc.assert(
      fc.property(often, ([spec, turns]) => {
        const tally = new Tally();
        const tree = built(spec, "action", classRule);
        for (const ways of [...turns, ...turns]) tally.check(tree, reference(spec, "action")(ways));
        expect(tally.differences).toEqual([]);
      }),
      RUNS,
    );
  });

  it("the same whichever leaves answer later", async () => {
    const property = fc.asyncProperty(judged(40), fc.integer({ min: 1 }), async ([spec, ways], mask) => {
      const withCodes = ways.map((way) => (way === NO ? DENY : way));
      const tally = new Tally();
      await tally.check(built(spec, "action", functionRule), reference(spec, "action")(withCodes), mask);
      expect(tally.differences).toEqual([]);
    });
    await fc.assert(property, RUNS);
  });

  it("a tree keeps no state between questions", () => {
    const many = trees(40, 8).chain((spec) =>
      fc.tuple(fc.constant(spec), fc.array(definite(leavesOf(spec).length), { minLength: 300, maxLength: 300 })),
    );
    fc.assert(
      fc.property(many, ([spec, choices]) => {
        const tally = new Tally();
        const tree = built(spec, "action", classRule);
        const says = reference(spec, "action");
        for (const ways of [...choices, ...choices]) tally.check(tree, says(ways));
        expect(tally.differences).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});

describe("laws", () => {
  const small = judged(12);
  const outcome = (spec: Spec, ways: readonly Way[]) => outcomeOf(ruleOf(spec), tableOf(leavesOf(spec), ways));
  const wrapped = (spec: Spec, ways: readonly Way[], wrap: (rule: PermissionLike) => unknown) =>
    outcomeOf(wrap(ruleOf(spec)) as PermissionLike, tableOf(leavesOf(spec), ways));

  class Never extends BasePermission {
    override hasPermission() {
      return false;
    }
  }

  it("identity: allow is neutral in `and`, deny in `or`", () => {
    fc.assert(
      fc.property(small, ([spec, ways]) => {
        const alone = outcome(spec, ways);
        expect(wrapped(spec, ways, (rule) => and(Always, rule))).toBe(alone === "abstain" ? "allow" : alone);
        expect(wrapped(spec, ways, (rule) => or(Never, rule))).toBe(alone === "abstain" ? "deny" : alone);
      }),
      RUNS,
    );
  });

  it("annihilator: deny decides any `and`, allow any `or`", () => {
    fc.assert(
      fc.property(small, ([spec, ways]) => {
        // A returned fault ends an `and` before the denial behind it is asked.
        const { halts } = reference(spec, "action")(ways).said;
        expect(wrapped(spec, ways, (rule) => and(rule, Never))).toBe(halts ? "error" : "deny");
        expect(wrapped(spec, ways, (rule) => and(Never, rule))).toBe("deny");
        expect(wrapped(spec, ways, (rule) => or(rule, Always))).toBe("allow");
        expect(wrapped(spec, ways, (rule) => or(Always, rule))).toBe("allow");
      }),
      RUNS,
    );
  });

  it("idempotence: a rule twice says what it says once", () => {
    fc.assert(
      fc.property(small, ([spec, ways]) => {
        const alone = outcome(spec, ways);
        expect(wrapped(spec, ways, (rule) => and(rule, rule))).toBe(alone);
        expect(wrapped(spec, ways, (rule) => or(rule, rule))).toBe(alone);
      }),
      RUNS,
    );
  });

  it("not: swaps allow and deny, and cancels out twice", () => {
    const turned = { allow: "deny", deny: "allow", abstain: "abstain", error: "error" };
    fc.assert(
      fc.property(small, ([spec, ways]) => {
        expect(wrapped(spec, ways, not)).toBe(turned[outcome(spec, ways)]);
        expect(say({ not: { not: spec } }, ways)).toEqual(say(spec, ways));
      }),
      RUNS,
    );
  });

  it("De Morgan: definite answers give the same outcome and order", () => {
    fc.assert(
      fc.property(judged(40, definite), ([spec, ways]) => {
        const one = say({ not: spec }, ways);
        const other = say(dual(spec), ways);
        expect(other.outcome).toBe(one.outcome);
        expect(other.asked).toEqual(one.asked);
      }),
      RUNS,
    );
  });

  it("nesting and flattening agree", () => {
    fc.assert(
      fc.property(judged(40), ([spec, ways]) => {
        const nested = renested(spec);
        const tree = built(nested, "action", classRule);
        const scope = tableOf(tree.leaves, ways);
        const { outcome, code, status } = tree.ask(scope) as Decision;
        expect({ outcome, code, status, asked: scope.asked }).toEqual(say(spec, ways));
      }),
      RUNS,
    );
  });

  it("leaves are asked in order, once, until the decision", () => {
    fc.assert(
      fc.property(judged(60), ([spec, ways]) => {
        const leaves = leavesOf(spec);
        const { asked, ...said } = say(spec, ways);
        expect(asked).toEqual(leaves.filter((leaf) => asked.includes(leaf)));
        // The answer of a leaf that was not asked makes no difference.
        const others = ways.map((way, index) =>
          asked.includes(leaves[index] as string) ? way : way === NO ? DENY : NO,
        );
        expect(say(spec, others)).toEqual({ ...said, asked });
      }),
      RUNS,
    );
  });

  it("names follow the tree as it was written", () => {
    fc.assert(
      fc.property(trees(8), (spec) => {
        const rule = ruleOf(spec) as { name: string };
        if (typeof spec === "object") expect(rule.name).toBe(nameOf(spec));
      }),
      RUNS,
    );
  });
});
