import { describe, expect, it, vi } from "vitest";
import { CONSUMER } from "../../test/probes.js";
import { actNow, expectNoUnhandledRejection } from "../../test/support.js";
import { abstain, allow, deny, fault } from "../decision/answers.js";
import { definePolicy } from "../policy/policy.js";
import type { PolicyEngine } from "../policy/policy-engine.js";
import { BasePermission } from "../rules/base-permission.js";
import { toTree } from "../rules/build-tree.js";
import { AllowAny } from "../rules/built-in/allow-any.js";
import { DenyAll } from "../rules/built-in/deny-all.js";
import { IsAuthenticated } from "../rules/built-in/is-authenticated.js";
import { and } from "../rules/combinators/and.js";
import { not } from "../rules/combinators/not.js";
import { or } from "../rules/combinators/or.js";
import { permission } from "../rules/function-rule.js";
import type { PermissionLike } from "../rules/infer.js";
import { Evaluation } from "./evaluation.js";

expectNoUnhandledRejection();

const ALICE = { user: { id: 1 } };

describe("a sync decision", () => {
  const policy = definePolicy({
    connect: IsAuthenticated,
    permissions: not(DenyAll),
    actions: { act: and(IsAuthenticated, or(DenyAll, AllowAny)), no: or(DenyAll, and(AllowAny, DenyAll)) },
  });

  it("is a plain decision, with no promise and no timer", () => {
    const timer = vi.spyOn(globalThis, "setTimeout");
    const promise = vi.spyOn(Promise.prototype, "then");
    for (let turn = 0; turn < 3; turn++) {
      expect(policy.decide(ALICE, CONSUMER, "act").outcome).toBe("allow");
      expect(policy.decide({ user: null }, CONSUMER, "act").code).toBe("not_authenticated");
      expect(policy.decideConnect(ALICE, CONSUMER).outcome).toBe("allow");
      expect(policy.decide(ALICE, CONSUMER, "act", {}, { object: {} }).outcome).toBe("allow");
    }
    expect(timer).not.toHaveBeenCalled();
    expect(promise).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  it("starts no evaluation when all answers are booleans", () => {
    const runs = [vi.spyOn(Evaluation.prototype, "begin"), vi.spyOn(Evaluation.prototype, "resume")];
    expect(actNow(and(AllowAny, or(DenyAll, AllowAny))).outcome).toBe("allow");
    expect(actNow(or(DenyAll, not(AllowAny))).outcome).toBe("deny");
    for (const run of runs) expect(run).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  it("of class rules with static codes is shared", () => {
    expect(policy.decide(ALICE, CONSUMER, "act")).toBe(policy.decide(ALICE, CONSUMER, "act"));
    const denied = policy.decide({ user: null }, CONSUMER, "act");
    expect(policy.decide({ user: null }, CONSUMER, "act")).toBe(denied);
    expect(policy.decide(ALICE, CONSUMER, "no")).toBe(policy.decide(ALICE, CONSUMER, "no"));
  });

  it("says who decided", () => {
    expect(policy.decide(ALICE, CONSUMER, "act")).toMatchObject({
      code: "allowed",
      by: "and(IsAuthenticated, or(DenyAll, AllowAny))",
    });
    expect(policy.decide({ user: null }, CONSUMER, "act")).toMatchObject({ by: "IsAuthenticated", status: 401 });
    expect(definePolicy({ actions: {} }).decideConnect({} as never, CONSUMER)).toMatchObject({
      outcome: "allow",
      by: "policy",
    });
  });

  it("stays one where rules answer with decisions, throw or abstain", () => {
    const rule = (answer: () => unknown) => permission("rule", answer as () => boolean);
    for (const [answer, outcome] of [
      [() => allow({ a: 1 }), "allow"],
      [() => deny("no"), "deny"],
      [() => abstain(), "deny"],
      [() => fault("down"), "error"],
      [() => ({}), "error"],
    ] as const) {
      expect(actNow(and(rule(answer))).outcome).toBe(outcome);
    }
  });
});

describe("more ways to a denial than are remembered", () => {
  it("are told as exactly as the first", () => {
    const flag = (index: number): PermissionLike =>
      permission(`f${index}`, ({ scope }) => ((scope as unknown as { bits: number }).bits & (1 << index)) !== 0);
    const pairs = Array.from({ length: 9 }, (_, pair) => 2 * pair);
    const branches = pairs.map((index) => and(flag(index), flag(index + 1))) as unknown as [PermissionLike];
    const policy = definePolicy({ actions: { act: or(...branches) } });
    const told = (bits: number) => {
      const decision = policy.decide({ bits } as never, CONSUMER, "act") as ReturnType<typeof deny>;
      return decision.causes?.map(({ by }) => by).join() ?? decision.outcome;
    };
    const wanted = (bits: number) => pairs.map((index) => ((bits >> index) & 1 ? `f${index + 1}` : `f${index}`)).join();
    // Of every pair the first says no, or the second.
    const all = Array.from({ length: 2 ** 9 }, (_, choice) =>
      pairs.reduce((bits, index, pair) => bits | (((choice >> pair) & 1) << index), 0),
    );
    for (let turn = 0; turn < 2; turn++) expect(all.map(told)).toEqual(all.map(wanted));
    const [stage] = (policy as unknown as PolicyEngine).rules.entryOf("act").stages.list;
    expect(stage?.program.denials?.size).toBe(256);
    const [first] = all as [number];
    expect(policy.decide({ bits: first } as never, CONSUMER, "act")).toBe(
      policy.decide({ bits: first } as never, CONSUMER, "act"),
    );
  });
});

describe("the arguments of a rule", () => {
  const payload = { room: "lobby" };
  const scope = { user: 1 };

  it("a class rule: own `this`, scope, consumer, action, payload", () => {
    const given: unknown[] = [];
    class Seeing extends BasePermission<object> {
      readonly own = "own";
      override hasPermission(scope: object, consumer: unknown, action: string, payload: unknown) {
        given.push(this.own, scope, consumer, action, payload);
        return true;
      }
    }
    actNow(Seeing, scope, payload);
    expect(given).toEqual(["own", scope, CONSUMER, "act", payload]);
  });

  it("at connect: scope, consumer, message and options, or a context", async () => {
    const given: unknown[] = [];
    class Connecting extends BasePermission<object> {
      override canConnect(scope: object, consumer: unknown, message: unknown, { signal }: { signal: AbortSignal }) {
        given.push(this instanceof Connecting, scope, consumer, message, signal.aborted);
        return true;
      }
    }
    const rule = permission("rule", {
      connect: ({ scope, consumer, message, signal }) => {
        given.push(scope, consumer, message, (signal as AbortSignal).aborted);
        return true;
      },
    });
    const policy = definePolicy({ connect: and(Connecting, rule), permissions: AllowAny });
    expect(policy.decideConnect(scope as never, CONSUMER, payload).outcome).toBe("allow");
    expect(given).toEqual([true, scope, CONSUMER, payload, false, scope, CONSUMER, payload, false]);
    given.length = 0;
    policy.decideConnect(scope as never, CONSUMER);
    expect(given[3]).toEqual({});
  });

  it('at connect by `hasPermission`: action "connect", message as payload', () => {
    const given: unknown[] = [];
    class Seeing extends BasePermission<object> {
      override hasPermission(...all: unknown[]) {
        given.push(all[2], all[3]);
        return true;
      }
    }
    const rule = permission("rule", ({ action, payload }) => {
      given.push(action, payload);
      return true;
    });
    const policy = definePolicy({ connect: and(Seeing, rule), actions: {} });
    policy.decideConnect(scope as never, CONSUMER, payload);
    expect(given).toEqual(["connect", payload, "connect", payload]);
  });

  it("an omitted payload is an empty frozen object", () => {
    const policy = definePolicy({
      actions: {
        act: permission("rule", ({ payload }) => Object.isFrozen(payload) && Object.keys(payload).length === 0),
      },
    });
    expect(policy.decide(scope as never, CONSUMER, "act").outcome).toBe("allow");
  });

  it("function rules of one question share one context", () => {
    const contexts: unknown[] = [];
    const rule = permission("rule", (context) => contexts.push(context) > 0);
    const policy = definePolicy({ permissions: rule, actions: { act: and(rule, AllowAny, rule) } });
    policy.decide(scope as never, CONSUMER, "act");
    policy.decide(scope as never, CONSUMER, "act");
    expect(new Set(contexts.slice(0, 3)).size).toBe(1);
    expect(new Set(contexts).size).toBe(2);
  });
});

describe("the options of `hasPermission`", () => {
  const seen: unknown[] = [];
  const see = (options: unknown) => {
    seen.push((options as { signal: AbortSignal }).signal.aborted);
    return true;
  };
  type Method = (...all: never[]) => unknown;
  const methods: [string, Method][] = [
    ["a fifth parameter", (_scope, _consumer, _action, _payload, options) => see(options)],
    ["a fifth one that is taken apart", (_s, _c, _a, _p, { signal }: never = {} as never) => see({ signal })],
    ["rest", (...all) => see(all[4])],
    ["some and rest", (_scope, ...[, , , options]) => see(options)],
    ["arguments", new Function("see", "return function () { return see(arguments[4]); }")(see)],
    ["defaults before it", (_s, _c = 1, _a = 2, _p = 3, options = undefined) => see(options)],
    ["a default with a call before it", (_s, _c = String(1), _a = 2, _p = 3, options = undefined) => see(options)],
    ["a comment with a bracket", (_s /* :) */, _c = 1, _a = 2, _p = 3, options = undefined) => see(options)],
    ["native code", ((..._all: unknown[]) => see(_all[4])).bind(undefined)],
  ];

  it.each(methods)("%s", (_, method) => {
    seen.length = 0;
    class Rule extends BasePermission<object> {}
    Object.defineProperty(Rule.prototype, "hasPermission", { value: method });
    expect(actNow(Rule)).toMatchObject({ outcome: "allow" });
    expect(seen).toEqual([false]);
  });

  it("a wrapper hands them on", () => {
    class Rule extends BasePermission<object> {
      override hasPermission(...all: unknown[]) {
        return see(all[4]);
      }
    }
    class Wrapped extends Rule {
      override hasPermission(...all: unknown[]) {
        return super.hasPermission(...all);
      }
    }
    seen.length = 0;
    expect(actNow(Wrapped)).toMatchObject({ outcome: "allow" });
    expect(seen).toEqual([false]);
  });

  it("have a signal of their own once it is read", async () => {
    const signals: AbortSignal[] = [];
    class Reads extends BasePermission<object> {
      override hasPermission(_s: object, _c: unknown, _a: string, _p: object, { signal }: { signal: AbortSignal }) {
        signals.push(signal);
        return true;
      }
    }
    class Late extends BasePermission<object> {
      override async hasPermission(...[, , , , options]: unknown[]) {
        await undefined;
        signals.push((options as { signal: AbortSignal }).signal);
        return true;
      }
    }
    const policy = definePolicy({ actions: { reads: Reads, late: Late } });
    for (const action of ["reads", "reads", "late", "late"] as const) {
      await Promise.all([policy.decide({}, CONSUMER, action), policy.decide({}, CONSUMER, action)]);
    }
    expect(new Set(signals).size).toBe(8);
  });

  it("of an async rule alone are aborted at its deadline", async () => {
    const signals: AbortSignal[] = [];
    class Hangs extends BasePermission<{ hangs: boolean }> {
      override hasPermission(scope: { hangs: boolean }, ...[, , , options]: unknown[]) {
        if (!scope.hangs) return true;
        return Promise.resolve().then(() => {
          signals.push((options as { signal: AbortSignal }).signal);
          return new Promise<boolean>(() => undefined);
        });
      }
    }
    const policy = definePolicy({ actions: { act: Hangs }, timeout: { action: 20 } });
    const first = policy.decide({ hangs: true }, CONSUMER, "act");
    expect(policy.decide({ hangs: false }, CONSUMER, "act")).toMatchObject({ outcome: "allow" });
    expect(await first).toMatchObject({ code: "permission_timeout" });
    const second = policy.decide({ hangs: true }, CONSUMER, "act");
    await Promise.resolve();
    await Promise.resolve();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    await second;
  });

  it("are the same object in consecutive sync questions", () => {
    class Plain extends BasePermission<object> {
      override hasPermission(_scope: object, _consumer: unknown, _action: string) {
        return true;
      }
    }
    expect(toTree(Plain, "")).toMatchObject({ hooks: { action: { context: false } } });
  });
});
