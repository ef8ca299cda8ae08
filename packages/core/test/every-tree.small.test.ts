import { describe, expect, it } from "vitest";
import { built, everyChoice, reference, Tally } from "./every.js";
import {
  ABSTAIN,
  classRule,
  DENY,
  EVIDENCE,
  FAULT,
  functionRule,
  NO,
  PLAIN_NO,
  RAISED,
  THROW,
  type Way,
  YES,
} from "./probes.js";
import { everyTree } from "./trees.js";

const PHASES = ["connect", "action", "object"] as const;
const COUNTS = { 1: 2, 2: 16, 3: 288 } as const;
const LEAVES = [1, 2, 3] as const;
const COMMON = [YES, DENY, ABSTAIN, THROW, FAULT];

/** Three leaves use all ways in the action phase, and the common ones in the other phases. */
function waysOf(leaves: number, phase: string, further: readonly Way[]): Way[] {
  return leaves < 3 || phase === "action" ? [...COMMON, ...further] : COMMON;
}

function compareAll(leaves: 1 | 2 | 3, ways: Way[], phase: (typeof PHASES)[number], style: typeof classRule) {
  const choices = everyChoice(ways, leaves);
  const trees = everyTree(leaves);
  const tally = new Tally();
  for (const spec of trees) {
    const says = reference(spec, phase);
    const tree = built(spec, phase, style);
    for (const choice of choices) tally.check(tree, says(choice));
  }
  expect(tally.differences).toEqual([]);
  expect(trees.length).toBe(COUNTS[leaves]);
  expect(tally.compared).toBeGreaterThanOrEqual(trees.length * choices.length);
}

describe.each(PHASES)("every tree of up to three leaves, at %s", (phase) => {
  it.each(LEAVES)("%i leaves: class rules that answer at once", { timeout: 60_000 }, (leaves) =>
    compareAll(leaves, waysOf(leaves, phase, [NO, EVIDENCE]), phase, classRule),
  );

  it.each(LEAVES)("%i leaves: function rules that answer at once", { timeout: 60_000 }, (leaves) =>
    compareAll(leaves, waysOf(leaves, phase, [PLAIN_NO, RAISED]), phase, functionRule),
  );

  it.each(LEAVES)("%i leaves: the same whichever of them answer later", { timeout: 60_000 }, async (leaves) => {
    const choices = everyChoice([YES, NO, ABSTAIN, THROW, FAULT], leaves);
    const tally = new Tally();
    for (const spec of everyTree(leaves)) {
      const says = reference(spec, phase);
      const tree = built(spec, phase, classRule);
      for (const [turn, choice] of choices.entries()) {
        const expected = says(choice);
        const all = (1 << leaves) - 1;
        await tally.check(tree, expected, turn % 2 === 0 ? all : 1 + (turn % all));
      }
    }
    expect(tally.differences).toEqual([]);
    expect(tally.compared).toBeGreaterThanOrEqual(COUNTS[leaves] * choices.length);
  });
});
