import { definePolicy } from "@portcullis/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { built, everyChoice, reference, Tally, tableOf } from "./every.js";
import {
  ASYNC_FAULTS,
  ASYNC_PLAIN,
  CONSUMER,
  classRule,
  functionRule,
  SYNC_FAULTS,
  SYNC_PLAIN,
  type Way,
} from "./probes.js";
import { build, everyTree, leavesOf } from "./trees.js";

const PHASES = ["connect", "action", "object"] as const;
const FAULTS = [...SYNC_FAULTS, ...ASYNC_FAULTS];
const PLAIN = [...SYNC_PLAIN, ...ASYNC_PLAIN];
const WAYS = [...FAULTS, ...PLAIN];

/** Makes `check` wait, without a further asynchronous leaf. */
const AS_GIVEN = 1 << 10;

const pick = (ways: readonly Way[], turn: number) => ways[turn % ways.length] as Way;

/** Every pair of positions. */
function pairs(leaves: number): (readonly [number, number])[] {
  const positions = [...Array(leaves).keys()];
  return positions.flatMap((one) => positions.slice(one + 1).map((other) => [one, other] as const));
}

// These tests make hundreds of thousands of errors, and stacks would take longer than all the rest.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

describe.each(PHASES)("each kind of fault at every position, at %s", (phase) => {
  it.each([1, 2])("%i leaves: every kind beside every kind", { timeout: 60_000 }, async (leaves) => {
    const tally = new Tally();
    const choices = everyChoice(WAYS, leaves);
    for (const spec of everyTree(leaves)) {
      const says = reference(spec, phase);
      const styles = leaves === 1 ? [classRule, functionRule] : [classRule];
      for (const tree of styles.map((style) => built(spec, phase, style))) {
        const checks: (Promise<void> | undefined)[] = [];
        for (const choice of choices) checks.push(tally.check(tree, says(choice), AS_GIVEN));
        await Promise.all(checks);
      }
    }
    expect(tally.differences).toEqual([]);
    expect(tally.compared).toBeGreaterThanOrEqual(everyTree(leaves).length * choices.length);
  });
});

describe("a rule that never answers", () => {
  it.each([1, 2, 3])("%i leaves: ends the question at every position when asked", async (leaves) => {
    const silent = new Promise<never>(() => undefined);
    const checks = everyTree(leaves).flatMap((spec, index) =>
      leavesOf(spec).map(async (never, position) => {
        const ways = Array.from({ length: leaves }, (_, turn) => pick(SYNC_PLAIN, index + position + turn));
        const rule = build(spec, (name) => classRule(name, ["action"]));
        const policy = definePolicy({ actions: { act: rule }, timeout: { action: 20 } });
        const scope = tableOf(leavesOf(spec), ways);
        const answers = { ...scope.answers, [never]: () => silent };
        const decision = await policy.decide({ ...scope, answers } as never, CONSUMER, "act");
        const { asked } = reference(spec, "action")(ways);
        const until = asked.indexOf(never) + 1;
        expect(scope.asked).toEqual(until > 0 ? asked.slice(0, until) : asked);
        expect(decision.code === "permission_timeout").toBe(until > 0);
        return until > 0;
      }),
    );
    expect((await Promise.all(checks)).filter(Boolean).length).toBeGreaterThanOrEqual(everyTree(leaves).length);
  });
});

describe("each kind of fault in pairs", () => {
  it("3 leaves: every pair of kinds at every two positions", { timeout: 60_000 }, async () => {
    const tally = new Tally();
    let turn = 0;
    for (const [index, spec] of everyTree(3).entries()) {
      const says = reference(spec, "action");
      const tree = built(spec, "action", index % 2 === 0 ? classRule : functionRule);
      const checks: (Promise<void> | undefined)[] = [];
      for (const [one, other] of pairs(3)) {
        // Each tree has a part of the kinds. Every pair of kinds occurs at these two positions in every 32nd tree.
        for (let first = index % 32; first < FAULTS.length; first += 32) {
          for (const second of FAULTS) {
            const ways = [0, 1, 2].map(() => pick(PLAIN, turn++));
            ways[one] = FAULTS[first] as Way;
            ways[other] = second;
            checks.push(tally.check(tree, says(ways), AS_GIVEN));
          }
        }
      }
      await Promise.all(checks);
    }
    expect(tally.differences).toEqual([]);
    expect(tally.compared).toBeGreaterThan(288 * 3 * FAULTS.length * Math.floor(FAULTS.length / 32));
  });

  it("4 leaves: every kind at every position, beside another", {
    timeout: 60_000,
  }, async () => {
    const tally = new Tally();
    const trees = everyTree(4);
    let turn = 0;
    for (const [index, spec] of trees.entries()) {
      const phase = PHASES[index % 3] as "connect";
      const says = reference(spec, phase);
      const tree = built(spec, phase, index % 2 === 0 ? classRule : functionRule);
      const checks: (Promise<void> | undefined)[] = [];
      for (let position = 0; position < 4; position++) {
        for (let first = index % 32; first < FAULTS.length; first += 32) {
          const ways = [0, 1, 2, 3].map(() => pick(PLAIN, turn++));
          ways[(position + 1 + (turn % 3)) % 4] = pick(FAULTS, turn);
          ways[position] = FAULTS[first] as Way;
          checks.push(tally.check(tree, says(ways), AS_GIVEN));
        }
      }
      await Promise.all(checks);
    }
    expect(tally.differences).toEqual([]);
    expect(tally.compared).toBeGreaterThan(trees.length * 4 * Math.floor(FAULTS.length / 32));
  });
});
