import {
  AllowAny,
  abstain,
  allow,
  and,
  BasePermission,
  DenyAll,
  definePolicy,
  deny,
  fault,
  not,
  or,
  type PermissionLike,
  permission,
} from "@portcullis/core";
import { describe, expect, test, vi } from "vitest";
import { connect, settled } from "../../test/connection.js";
import { createDecision } from "../decision/decision.js";
import type { RecordedAnswer } from "../engine/record.js";
import type { DecisionEvent } from "../guard/decision-log.js";
import { toTree } from "../rules/build-tree.js";
import type { Phase, RuleHook, Tree } from "../rules/tree.js";
import { type TraceNode, traceTree } from "./trace.js";

type Given = "allow" | "deny" | "abstain" | "error" | "halt" | undefined;

/** A rule for every phase, named by one letter. */
const leaf = (name: string) => permission(name, { connect: () => true, action: () => true, object: () => true });
const [a, b, c] = [leaf("a"), leaf("b"), leaf("c")];

/** Traces a tree with the given answers. `a object` is the answer of `a` about the object. */
function draw(
  rule: PermissionLike,
  given: Record<string, Given>,
  phase: Phase = "action",
  fallback = false,
): TraceNode {
  const tree = toTree(rule, "test");
  const answers = new Map<RuleHook, RecordedAnswer>();
  const visit = (node: Tree): void => {
    if (node.kind !== "leaf") {
      node.operands.forEach(visit);
      return;
    }
    for (const [question, ask] of Object.entries(node.hooks)) {
      const said = given[question === "object" ? `${node.name} object` : node.name];
      if (!ask || !said) continue;
      const outcome = said === "halt" ? "error" : said;
      answers.set(ask, {
        decision: createDecision(outcome, `${said}_code`, { by: node.name }),
        isFinal: said === "halt",
        milliseconds: 2,
      });
    }
  };
  visit(tree);
  return traceTree(tree, phase, answers, fallback);
}

const outcomes = (node: TraceNode): unknown =>
  node.operands ? [node.outcome, ...node.operands.map(outcomes)] : node.outcome;

test("nodes show answers of rules, and kinds of combinations", () => {
  expect(draw(and(a, not(b)), { a: "allow", b: "deny" })).toStrictEqual({
    kind: "and",
    name: "and(a, not(b))",
    outcome: "allow",
    operands: [
      { kind: "rule", name: "a", outcome: "allow", code: "allow_code", milliseconds: 2 },
      {
        kind: "not",
        name: "not(b)",
        outcome: "allow",
        operands: [
          { kind: "rule", name: "b", outcome: "deny", code: "deny_code", milliseconds: 2, reason: expect.any(String) },
        ],
      },
    ],
  });
});

test.each<[string, PermissionLike, Record<string, Given>, unknown]>([
  ["and: deny", and(a, b), { a: "allow", b: "deny" }, "deny"],
  ["and: ended by deny", and(a, b), { a: "deny" }, "deny"],
  ["and: a throw is gone past, a denial behind it counts", and(a, b), { a: "error", b: "deny" }, "deny"],
  ["and: a fault ends it, what is behind it does not count", and(a, b), { a: "halt", b: "deny" }, "error"],
  ["and: error", and(a, b), { a: "error", b: "allow" }, "error"],
  ["and: abstain is neutral", and(a, b), { a: "abstain", b: "allow" }, "allow"],
  ["and: all abstain", and(a, b), { a: "abstain", b: "abstain" }, "abstain"],
  ["and: cut off before its end", and(a, b), { a: "allow" }, undefined],
  ["and: nothing asked", and(a, b), {}, undefined],
  ["or: allow", or(a, b), { a: "error", b: "allow" }, "allow"],
  ["or: ended by allow", or(a, b), { a: "allow" }, "allow"],
  ["or: a fault does not end it", or(a, b), { a: "halt", b: "allow" }, "allow"],
  ["or: error before deny", or(a, b), { a: "deny", b: "error" }, "error"],
  ["or: deny before abstain", or(a, b), { a: "abstain", b: "deny" }, "deny"],
  ["or: all abstain", or(a, b), { a: "abstain", b: "abstain" }, "abstain"],
  ["or: cut off before its end", or(a, b), { a: "deny" }, undefined],
  ["not: allow", not(a), { a: "allow" }, "deny"],
  ["not: deny", not(a), { a: "deny" }, "allow"],
  ["not: error", not(a), { a: "error" }, "error"],
  ["not: abstain", not(a), { a: "abstain" }, "abstain"],
  ["not: not asked", not(a), {}, undefined],
  ["a fault in an or halts an and around it", and(or(a, b), c), { a: "halt", b: "deny", c: "deny" }, "error"],
  ["a fault in an or that allows halts nothing", and(or(a, b), c), { a: "halt", b: "allow", c: "deny" }, "deny"],
  ["a fault under not halts", and(not(a), c), { a: "halt", c: "deny" }, "error"],
])("%s", (_, rule, given, expected) => {
  expect(draw(rule, given).outcome).toBe(expected);
});

describe("a rule without a hook for the phase", () => {
  const onlyConnect = permission("a", { connect: () => true });
  const onlyAction = permission("b", () => true);
  const onlyObject = permission("c", { object: () => true });

  test("abstains", () => {
    expect(outcomes(draw(or(onlyAction, onlyObject), {}, "connect"))).toEqual(["abstain", "abstain", "abstain"]);
    expect(outcomes(draw(onlyAction, { b: "allow" }, "connect"))).toBe("abstain");
    expect(outcomes(draw(onlyConnect, {}))).toBe("abstain");
    expect(outcomes(draw(onlyConnect, {}, "object"))).toBe("abstain");
  });

  test("is asked its action hook when that replaces `canConnect`", () => {
    expect(outcomes(draw(onlyAction, { b: "allow" }, "connect", true))).toBe("allow");
    expect(outcomes(draw(onlyAction, {}, "connect", true))).toBeUndefined();
  });

  test("is pending at the action, under any number of nots", () => {
    expect(draw(onlyObject, {})).toEqual({ kind: "rule", name: "c", outcome: "allow", isPending: true });
    expect(outcomes(draw(not(onlyObject), {}))).toEqual(["allow", "deny"]);
    expect(outcomes(draw(not(not(onlyObject)), {}))).toEqual(["allow", ["deny", "allow"]]);
    expect(outcomes(draw(and(onlyObject, onlyAction), { b: "deny" }))).toEqual(["deny", "allow", "deny"]);
  });
});

describe("at the object", () => {
  test.each<[Given, Given, unknown]>([
    ["allow", "allow", "allow"],
    ["allow", "deny", "deny"],
    ["deny", undefined, "deny"],
    ["abstain", "allow", "allow"],
    ["allow", "abstain", "allow"],
    ["allow", "error", "error"],
    ["halt", "deny", "error"],
    ["allow", undefined, undefined],
    [undefined, undefined, undefined],
  ])("a rule that said %s of the action and %s of the object says %s", (action, object, expected) => {
    expect(draw(a, { a: action, "a object": object }, "object").outcome).toBe(expected);
  });

  test("shows the decisive code, and the time of both", () => {
    expect(draw(a, { a: "allow", "a object": "deny" }, "object")).toMatchObject({ code: "deny_code", milliseconds: 4 });
  });
});

test("an unasked rule has no outcome", () => {
  expect(draw(and(a, b), {})).toStrictEqual({
    kind: "and",
    name: "and(a, b)",
    operands: [
      { kind: "rule", name: "a" },
      { kind: "rule", name: "b" },
    ],
  });
});

test("a trace has the outcome of its decision", async () => {
  const answers: (() => unknown)[] = [
    () => true,
    () => deny("no"),
    () => abstain(),
    () => allow(),
    () => fault("down"),
    () => {
      throw new Error("x");
    },
    async () => false,
    () => undefined,
  ];
  for (const first of answers) {
    for (const second of answers) {
      const one = permission("one", first as () => boolean);
      const two = permission("two", second as () => boolean);
      for (const rule of [
        and(one, two),
        or(one, two),
        and(not(one), two),
        or(BasePermission, not(two), DenyAll),
        and(one, or(two, AllowAny)),
      ]) {
        const { send, events, wire } = connect(definePolicy({ actions: { do: rule } }), { trace: true });
        send("do");
        await settled();
        expect(wire.sent).toHaveLength(1);
        const { decision, trace } = events[0] as DecisionEvent;
        expect(trace?.rule?.outcome === "abstain" ? "deny" : trace?.rule?.outcome).toBe(decision.outcome);
      }
    }
  }
});

test("each rule shows its own duration", async () => {
  const clock = vi.spyOn(performance, "now").mockReturnValue(1000);
  const taking = (name: string, milliseconds: number) =>
    permission(name, () => {
      clock.mockReturnValue(performance.now() + milliseconds);
      return true;
    });
  const events: DecisionEvent[] = [];
  const policy = definePolicy({ actions: { act: and(taking("a", 30), taking("b", 200)) } });
  const { send } = connect(policy, { trace: true, onDecision: (event) => void events.push(event) });
  send("act");
  clock.mockRestore();
  expect(events[0]?.trace?.rule?.operands?.map(({ milliseconds }) => milliseconds)).toEqual([30, 200]);
});

describe("an operand that was not asked", () => {
  const openThen = (rule: PermissionLike, given: Record<string, Given>) => draw(rule, given).outcome;

  test("leaves `and` without an outcome, unless another operand is at fault", () => {
    expect(openThen(and(a, b), { a: "allow" })).toBeUndefined();
    expect(openThen(and(a, b), { a: "abstain" })).toBeUndefined();
    expect(openThen(and(a, b), { a: "error" })).toBe("error");
  });

  test("leaves `or` without an outcome, unless another operand allows", () => {
    expect(openThen(or(a, b), { a: "error" })).toBeUndefined();
    expect(openThen(or(a, b), { a: "deny" })).toBeUndefined();
    expect(openThen(or(a, b), { a: "allow" })).toBe("allow");
  });
});
