import { expect, it } from "vitest";
import { built, everyChoice, reference, Tally } from "./every.js";
import { obligations } from "./monotonicity.js";
import type { Spec } from "./naive.js";
import { ABSTAIN, classRule, DENY, FAULT, functionRule, NO, THROW, YES } from "./probes.js";
import { everyTree } from "./trees.js";

/** Throws and faults alternate as the fourth outcome, tree by tree. With fewer leaves all of both are tested. */
const CHOICES = [THROW, FAULT].map((error) => everyChoice([YES, NO, ABSTAIN, error], 4));
/** The same when `false` has no code of its own. */
const WITH_CODES = CHOICES.map((choices) => choices.map((ways) => ways.map((way) => (way === NO ? DENY : way))));
const OWED = CHOICES.map(obligations);

/**
 * Compares every tree of four leaves that `selects` accepts with the reference, for every choice of the four outcomes.
 * Class rules run as the rule of the action phase and of the object phase. Function rules, some of them asynchronous,
 * run as `permissions` at connect, where an abstention differs from a denial. Also checks that no fault grants access.
 */
export function fourLeaves(count: number, selects: (spec: Spec) => boolean): void {
  it("every choice of the four outcomes, at each phase", { timeout: 300_000 }, async () => {
    const tally = new Tally();
    const opened: string[] = [];
    const trees = everyTree(4).filter(selects);
    for (const [index, spec] of trees.entries()) {
      const set = index % 2;
      const says = reference(spec, "action");
      const action = built(spec, "action", classRule, "rule");
      const connect = built(spec, "connect", functionRule, "permissions");
      const object = built(spec, "object", classRule, "rule");
      const allowed: boolean[] = [];
      for (let turn = 0; turn < 256; turn++) {
        const expected = says(CHOICES[set]?.[turn] ?? []);
        tally.check(action, expected);
        allowed.push(tally.last?.outcome === "allow");
        tally.check(object, expected);
        const later = index % 8 < 2 ? turn % 16 : 0;
        const waiting = tally.check(connect, { ...expected, ways: WITH_CODES[set]?.[turn] ?? [] }, later);
        if (waiting) await waiting;
      }
      const isOpened = (others: number[] | undefined, turn: number) =>
        others && allowed[turn] && !others.every((other) => allowed[other]);
      if (OWED[set]?.some(isOpened)) opened.push(action.name);
    }
    expect(tally.differences).toEqual([]);
    expect(opened).toEqual([]);
    expect(trees.length).toBe(count);
    expect(tally.compared).toBeGreaterThanOrEqual(count * 256 * 3);
  });
}
