import { describe, expect, it } from "vitest";
import { built, everyChoice, tableOf } from "./every.js";
import { obligations } from "./monotonicity.js";
import { ABSTAIN, classRule, FAULT, NO, THROW, YES } from "./probes.js";
import { everyTree } from "./trees.js";

/**
 * Fault monotonicity: if a tree allows while some leaves are at error, it would have allowed whatever those leaves had
 * answered. So no fault, at any place and under any nesting of `not`, opens the gate. (Four leaves: every-tree.*.test.ts.)
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
    // With one leaf a fault is all there is, and never allows.
    expect(allowedInSpite > 0).toBe(leaves > 1);
  });
});
