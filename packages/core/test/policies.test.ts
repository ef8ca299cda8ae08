import { type Decision, definePolicy, type PermissionLike } from "@portcullis/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawn, isSame } from "./every.js";
import { trees } from "./large-trees.js";
import { decide, type PolicySpec, type Question, type Said, type Spec } from "./naive.js";
import {
  ABSTAIN,
  ALLOW,
  CONSUMER,
  classRule,
  DENY,
  FAULT,
  functionRule,
  later,
  NO,
  PLAIN_NO,
  THROW,
  type Way,
  YES,
} from "./probes.js";
import { build, leavesOf } from "./trees.js";

const QUESTIONS = ["connect", "action", "object"] as const;
const keyOf = (leaf: string, question: Question) => `${leaf} ${question}`;

/** A tree whose leaves have the prefix in their names. */
const tree = (prefix: string) => trees(6).map((spec) => renamed(spec, prefix));

function renamed(spec: Spec, prefix: string): Spec {
  if (typeof spec === "string") return prefix + spec;
  if ("not" in spec) return { not: renamed(spec.not, prefix) };
  const operands = ("and" in spec ? spec.and : spec.or).map((one) => renamed(one, prefix));
  return "and" in spec ? { and: operands } : { or: operands };
}

interface Case {
  policy: PolicySpec;
  /** The answers by leaf and phase. */
  ways: Map<string, Way>;
  isClass: boolean;
  isLater: boolean;
}

const policies: fc.Arbitrary<PolicySpec> = fc
  .record({
    connect: fc.option(tree("c"), { nil: undefined }),
    permissions: fc.option(tree("g"), { nil: undefined }),
    actions: fc.option(fc.tuple(tree("x"), tree("y")), { nil: undefined }),
    hidesUnknown: fc.boolean(),
  })
  .filter(({ permissions, actions }) => permissions !== undefined || actions !== undefined)
  .map(({ connect, permissions, actions, hidesUnknown }) => ({
    ...(connect !== undefined && { connect }),
    ...(permissions !== undefined && { permissions }),
    ...(actions !== undefined && { actions: new Map([["act", actions[0]] as const, ["other", actions[1]] as const]) }),
    hidesUnknown,
  }));

const someQuestions = fc.subarray([...QUESTIONS], { minLength: 1 });
const someWay = fc.oneof(
  { arbitrary: fc.constantFrom(YES, ALLOW, DENY), weight: 5 },
  { arbitrary: fc.constantFrom(ABSTAIN, THROW, FAULT), weight: 1 },
);

const cases: fc.Arbitrary<Case> = policies.chain((policy) => {
  const leaves = [policy.connect, policy.permissions, ...(policy.actions?.values() ?? [])].flatMap((spec) =>
    spec === undefined ? [] : leavesOf(spec),
  );
  const leafWays = fc.record({ knows: someQuestions, connect: someWay, action: someWay, object: someWay });
  return fc
    .record({
      each: fc.array(leafWays, { minLength: leaves.length, maxLength: leaves.length }),
      isClass: fc.boolean(),
      isLater: fc.boolean(),
    })
    .map(({ each, isClass, isLater }) => {
      const entries = each.flatMap((ways, index) =>
        ways.knows.map((question) => [keyOf(leaves[index] as string, question), ways[question]] as const),
      );
      return { policy, ways: new Map(entries), isClass, isLater };
    });
});

/** The decision of the reference, and the leaves that it asked. */
function wanted({ policy, ways, isClass }: Case, phase: Question, action: string) {
  const asked: string[] = [];
  const said = decide(policy, phase, action, {
    knows: (leaf, question) => ways.has(keyOf(leaf, question)),
    denialOf: (isClass ? NO : PLAIN_NO).said,
    ask: (leaf, question) => {
      asked.push(keyOf(leaf, question));
      return (ways.get(keyOf(leaf, question)) as Way).said(leaf);
    },
  });
  return { said, asked };
}

/** The decision of the policy, and the leaves that it asked. */
async function given({ policy, ways, isClass, isLater }: Case, phase: Question, action: string) {
  const style = isClass ? classRule : functionRule;
  const rule = (spec: Spec): PermissionLike =>
    build(spec, (leaf) =>
      style(
        leaf,
        QUESTIONS.filter((question) => ways.has(keyOf(leaf, question))),
        keyOf,
      ),
    );
  const { connect, permissions, actions, hidesUnknown } = policy;
  const built = definePolicy({
    ...(connect !== undefined && { connect: rule(connect) }),
    ...(permissions !== undefined && { permissions: rule(permissions) }),
    ...(actions && { actions: Object.fromEntries([...actions].map(([name, spec]) => [name, rule(spec)])) }),
    ...(hidesUnknown && { unknownAction: "deny" as const }),
  }) as unknown as Record<string, (...all: unknown[]) => Promise<Decision>>;
  const answers = Object.fromEntries(
    [...ways].map(([key, way]) => [key, (isLater ? later(way) : way).answer(key.split(" ")[0] as string)]),
  );
  // With a user, because the reference does not model hidden actions.
  const scope = { asked: [] as string[], answers, user: { id: 1 } };
  const decision = await (phase === "connect"
    ? built.decideConnect?.(scope, CONSUMER)
    : phase === "action"
      ? built.decide?.(scope, CONSUMER, action, {})
      : built.decide?.(scope, CONSUMER, action, {}, { object: {} }));
  return { decision: decision as Decision, asked: scope.asked };
}

function expectSame(decision: Decision, said: Said): void {
  if (isSame(decision, said)) return;
  const { outcome, code, by, status, causes } = decision;
  const wanted = {
    outcome: said.outcome,
    code: said.code,
    by: said.by,
    status: said.status,
    causes: drawn(said.causes),
  };
  expect({ outcome, code, by, status, causes: drawn(causes) }).toEqual(wanted);
  expect.unreachable("they differ in what is not shown");
}

describe("whole policies, against the reference", () => {
  it.each([
    ["connect", "act"],
    ["action", "act"],
    ["action", "other"],
    ["action", "unknown"],
    ["object", "act"],
    ["object", "unknown"],
  ] as const)("the %s question about %s", async (phase, action) => {
    const property = fc.asyncProperty(cases, async (one) => {
      const { said, asked } = wanted(one, phase, action);
      const { decision, asked: reallyAsked } = await given(one, phase, action);
      expect(reallyAsked).toEqual(asked);
      expectSame(decision, said);
    });
    await fc.assert(property, { numRuns: 500 });
  });
});
