import { describe, expect, it } from "vitest";
import { built, everyChoice, tableOf } from "./every.js";
import { obligations } from "./monotonicity.js";
import { ABSTAIN, classRule, FAULT, NO, THROW, YES } from "./probes.js";
import { everyTree } from "./trees.js";

/**
 * Fault monotonicity: if a tree allows while some leaves are at error, it would have allowed with any other answers of
 * those leaves. So no fault, at any place and under any nesting of `not`, grants access. (Four leaves:
 * every-tree.*.test.ts.)
 */
describe.each([1, 2, 3])("fault monotonicity, %i leaves", (leaves) => {
  const choices = everyChoice([YES, NO, ABSTAIN, THROW, FAULT], leaves);
  const owed = obligations(choices);

  it("no fault opens any tree", () => {
    const opened: string[] = [];
    let allowedInSpite = 0;
    for (const spec of everyTree(leaves)) {
      const tree = built(spec, "action", classRule);
      const decisions = choices.map((choice) => tree.ask(tableOf(tree.leaves, choice)));
      const allowed = decisions.map((decision) => "outcome" in decision && decision.outcome === "allow");
      for (const [index, others] of owed.entries()) {
        if (!others || !allowed[index]) continue;
        allowedInSpite += 1;
        if (!others.every((other) => allowed[other])) opened.push(`${tree.name}, choice ${index}`);
      }
    }
    expect(opened).toEqual([]);
    // With one leaf, a fault is the only answer, and never allows.
    expect(allowedInSpite > 0).toBe(leaves > 1);
  });
});
