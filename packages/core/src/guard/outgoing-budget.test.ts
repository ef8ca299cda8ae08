import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OutgoingBudget } from "./outgoing-budget.js";

/** A budget that records its calls. */
function budgetOf(limit: number) {
  const log: string[] = [];
  const outlet = { block: () => void log.push("block"), unblock: () => void log.push("unblock") };
  return { budget: new OutgoingBudget(limit, outlet), log };
}

describe("a budget", () => {
  test("blocks once at its limit, and unblocks once below it", () => {
    const { budget, log } = budgetOf(1000);
    const counted = [300, 300, 300].map((bytes) => budget.add(bytes));
    expect(counted).toEqual([364, 364, 364]);
    expect([budget.isFull, budget.isSpent, log]).toEqual([true, false, ["block"]]);
    budget.free(364);
    budget.free(364);
    expect([budget.isFull, log]).toEqual([false, ["block", "unblock"]]);
  });

  test("counts a large answer once, and is spent by two", () => {
    const { budget } = budgetOf(1000);
    expect(budget.add(1e9)).toBe(1000);
    expect(budget.isSpent).toBe(false);
    expect(budget.add(1e9)).toBe(1000);
    expect(budget.isSpent).toBe(true);
  });

  test("counts most what is no number", () => {
    for (const bytes of [Number.NaN, undefined as never, Number.POSITIVE_INFINITY]) {
      const { budget } = budgetOf(1000);
      expect(budget.add(bytes)).toBe(1000);
      expect(budget.isFull).toBe(true);
    }
  });

  test("has more room once its limit is raised", () => {
    const { budget } = budgetOf(1000);
    budget.raise(2000);
    budget.raise(500);
    expect([budget.add(1e9), budget.isFull]).toEqual([2000, true]);
  });

  test("may be used up again while unblocking", () => {
    const log: string[] = [];
    const budget: OutgoingBudget = new OutgoingBudget(100, {
      block: () => void log.push("block"),
      unblock() {
        log.push("unblock");
        if (log.length < 4) budget.add(100);
      },
    });
    budget.add(100);
    budget.free(100);
    budget.free(100);
    expect(log).toEqual(["block", "unblock", "block", "unblock"]);
  });

  test("is full exactly while its limit is unread", () => {
    const step = fc.oneof(fc.nat({ max: 3000 }), fc.constant("free" as const));
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const { budget, log } = budgetOf(1000);
        const unread: number[] = [];
        for (const next of steps) {
          if (next !== "free") unread.push(budget.add(next));
          else budget.free(unread.shift() ?? 0);
          const sum = unread.reduce((all, each) => all + each, 0);
          expect([budget.isFull, budget.isSpent]).toEqual([sum >= 1000, sum >= 2000]);
        }
        expect(log).toEqual(log.map((_, at) => (at % 2 ? "unblock" : "block")));
      }),
    );
  });
});
