import { describe, expect, it, vi } from "vitest";
import { CONSUMER } from "../../test/probes.js";
import { expectNoUnhandledRejection, turn, wait } from "../../test/support.js";
import { deny } from "../decision/answers.js";
import { buildRules } from "../policy/compile-policy.js";
import { definePolicy } from "../policy/policy.js";
import { PolicyEngine } from "../policy/policy-engine.js";
import { BasePermission } from "../rules/base-permission.js";
import { toTree } from "../rules/build-tree.js";
import { AllowAny } from "../rules/built-in/allow-any.js";
import { and } from "../rules/combinators/and.js";
import { not } from "../rules/combinators/not.js";
import { or } from "../rules/combinators/or.js";
import { permission } from "../rules/function-rule.js";
import type { PermissionLike } from "../rules/infer.js";
import { RuleContext } from "../rules/rule-context.js";
import type { Context } from "../types.js";
import { CancellationScope } from "./cancellation.js";
import { compile, type Program, preparing } from "./program.js";
import { type AnswerRecord, createAnswerRecord } from "./record.js";
import { makeStage } from "./stage.js";
import { evaluateRecorded, StageList } from "./stage-list.js";
import { TreeWalker } from "./tree-walker.js";

expectNoUnhandledRejection();

const TIMEOUT = { connect: 20, action: 20, object: 20 };
const THEN = "then";
const never = new Promise<boolean>(() => undefined);
const CALLER = { scope: {}, consumer: CONSUMER, timeout: 100 };
const ACT = { action: "act", payload: {} };
const engine = (options: object) => new PolicyEngine(buildRules(options));

describe("the deadline", () => {
  const silent = permission("silent", { connect: () => never, action: () => never, object: () => never });
  const late = { outcome: "error", code: "permission_timeout", status: 503, retry: "later" };
  const places: [string, PermissionLike][] = [
    ["alone", silent],
    ["under not", not(silent)],
    ["under an even number of nots", not(not(silent))],
    ["in front in an `and`", and(silent, AllowAny)],
    ["in front of whom an `or` admits", or(silent, AllowAny)],
    ["behind others", or(and(AllowAny, not(AllowAny)), silent)],
  ];

  it.each(places)("makes a tree with a rule that never answers fail, %s", async (_, rule) => {
    const policy = engine({ connect: rule, actions: { act: rule }, timeout: TIMEOUT });
    const decisions = await Promise.all([
      policy.decideConnect({}, CONSUMER),
      policy.decide({}, CONSUMER, "act"),
      policy.decide({}, CONSUMER, "act", {}, { object: {} }),
    ]);
    for (const decision of decisions) expect(decision).toMatchObject(late);
  });

  it("is one for all leaves, and ends the asking", async () => {
    vi.useFakeTimers();
    const asked: string[] = [];
    const slow = (name: string) =>
      permission(name, async () => {
        asked.push(name);
        await new Promise((resolve) => setTimeout(resolve, 40));
        return true;
      });
    // A length that no other test uses, so that it has a timer of its own.
    const policy = engine({ actions: { act: and(slow("a"), slow("b"), slow("c")) }, timeout: { action: 61 } });
    const decision = policy.decide({}, CONSUMER, "act");
    await vi.advanceTimersByTimeAsync(200);
    vi.useRealTimers();
    expect(await decision).toMatchObject(late);
    expect(asked).toEqual(["a", "b"]);
  });

  it.each([true, false, "nonsense", new Error("late")])("a late answer is ignored (%s)", async (answer) => {
    let settle: (value: unknown) => void = () => undefined;
    const asked: string[] = [];
    const slow = permission("slow", () => new Promise<never>((resolve) => (settle = resolve as typeof settle)));
    const behind = permission("behind", () => {
      asked.push("behind");
      return true;
    });
    const policy = engine({ actions: { act: and(slow, behind) }, timeout: TIMEOUT });
    const decision = await policy.decide({}, CONSUMER, "act");
    settle(answer instanceof Error ? Promise.reject(answer) : answer);
    await turn();
    expect(decision).toMatchObject(late);
    expect(asked).toEqual([]);
  });

  it("aborts the signal, also for rules that read it later", async () => {
    const contexts: Context<object>[] = [];
    const reading = permission("reading", (context: Context<object>) => {
      contexts.push(context);
      void context.signal;
      return never;
    });
    const afterwards = permission("afterwards", (context) => {
      contexts.push(context as never);
      return never;
    });
    const policy = engine({
      actions: { act: reading, later: afterwards },
      timeout: TIMEOUT,
    });
    await policy.decide({}, CONSUMER, "act");
    await policy.decide({}, CONSUMER, "later");
    expect(contexts.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    expect(contexts[0]?.signal.reason).toBe("The permission could not be checked in time.");
  });

  it("does not abort the signal of a decided evaluation", async () => {
    let kept: Context<object> | undefined;
    const rule = permission("rule", async (context: Context<object>) => {
      kept = context;
      void context.signal;
      return true;
    });
    await engine({ actions: { act: rule }, timeout: TIMEOUT }).decide({}, CONSUMER, "act");
    await wait(50);
    expect(kept?.signal.aborted).toBe(false);
  });
});

describe("concurrent evaluations", () => {
  it("a rule may keep its context during other questions", async () => {
    const kept: Context<{ user: number }>[] = [];
    const rule = permission("keeping", async (context: Context<{ user: number }>) => {
      kept.push(context);
      await turn();
      return true;
    });
    const policy = engine({ actions: { act: and(rule, rule) } });
    await Promise.all([1, 2, 3].map((user) => policy.decide({ user }, CONSUMER, "act", { user })));
    expect(kept.map(({ scope, payload }) => [scope.user, payload.user])).toEqual([1, 2, 3, 1, 2, 3].map((n) => [n, n]));
    expect(new Set(kept).size).toBe(3);
  });

  it.each([true, false])("a rule may ask its own policy (sync: %s)", async (isSync) => {
    const isReader = permission("isReader", ({ scope }) => {
      const { user } = scope as { user: string };
      return isSync ? user === "alice" : turn().then(() => user === "alice");
    });
    const policy: PolicyEngine = engine({
      actions: {
        read: isReader,
        write: and(
          isReader,
          permission("asksAgain", ({ scope, consumer }) => policy.decide(scope, consumer, "read")),
        ),
      },
    });
    expect(await policy.decide({ user: "alice" }, CONSUMER, "write")).toMatchObject({ outcome: "allow" });
    expect(await policy.decide({ user: "bob" }, CONSUMER, "write")).toMatchObject({
      outcome: "deny",
      by: "isReader",
    });
  });

  it("a refusal of another policy keeps author and finality", async () => {
    const broken = permission("broken", () => {
      throw new Error("down");
    });
    const other = engine({ actions: { no: permission("no", () => false), broken } });
    const asking = (action: string) =>
      permission("asking", ({ scope, consumer }) => other.decide(scope, consumer, action));
    const asked = vi.fn(() => true);
    const policy = engine({
      actions: { no: asking("no"), broken: and(asking("broken"), permission("unasked", asked)) },
    });
    expect(policy.decide({}, CONSUMER, "no")).toMatchObject({ outcome: "deny", by: "no" });
    expect(policy.decide({}, CONSUMER, "broken")).toMatchObject({ outcome: "error", by: "broken" });
    expect(asked).not.toHaveBeenCalled();
  });

  it("an answer with an unreadable `then` is a sync fault", () => {
    const odd = Object.defineProperty({}, THEN, {
      get() {
        throw new Error("no");
      },
    });
    const policy = engine({ actions: { act: or(not(permission("odd", () => odd as never)), not(AllowAny)) } });
    expect(policy.decide({}, CONSUMER, "act")).toMatchObject({ outcome: "error", by: "odd" });
  });

  it("a rule that asks itself without end is a fault", () => {
    const policy: PolicyEngine = engine({
      actions: { loop: permission("loop", ({ scope, consumer }) => policy.decide(scope, consumer, "loop")) },
    });
    expect(policy.decide({}, CONSUMER, "loop")).toMatchObject({ outcome: "error", code: "permission_error" });
  });
});

describe("a cancellation", () => {
  const cutting = (cancellation: CancellationScope, answer: () => unknown) =>
    permission("cutting", () => {
      cancellation.cancel("gone");
      return answer() as boolean;
    });
  const aborted = { outcome: "error", code: "aborted", status: 499, retry: "never" };

  it.each([
    ["never answers", () => never],
    ["answers later", () => Promise.resolve(true)],
    ["fails later", () => Promise.reject(new Error("late"))],
  ])("that is cut while a rule is asked that %s", async (_, answer) => {
    const cancellation = new CancellationScope();
    const asked = vi.fn(() => true);
    const policy = engine({ actions: { act: and(cutting(cancellation, answer), permission("behind", asked)) } });
    const decision = policy.evaluateAction({ ...CALLER, cancellation }, ACT);
    expect(decision).toMatchObject(aborted);
    await turn();
    expect(asked).not.toHaveBeenCalled();
  });

  it("that is cut while a later rule is asked", async () => {
    const cancellation = new CancellationScope();
    const first = permission("first", async () => true);
    for (const answer of [() => never, () => true, () => Promise.reject(new Error("late"))]) {
      const policy = engine({ actions: { act: and(first, cutting(cancellation, answer)) } });
      cancellation.isCancelled = false;
      expect(await policy.evaluateAction({ ...CALLER, cancellation }, ACT)).toMatchObject(aborted);
    }
  });

  it("ends all running evaluations, and aborts with its reason", async () => {
    const cancellation = new CancellationScope();
    const signals: AbortSignal[] = [];
    const rule = permission("waiting", ({ signal }) => {
      signals.push(signal as AbortSignal);
      return never;
    });
    const policy = engine({ actions: { act: rule } });
    const decisions = [1, 2].map(() => policy.evaluateAction({ ...CALLER, cancellation }, ACT));
    cancellation.cancel("the connection is closed");
    for (const decision of await Promise.all(decisions)) expect(decision).toMatchObject(aborted);
    expect(signals.map(({ reason }) => reason)).toEqual(["the connection is closed", "the connection is closed"]);
    cancellation.cancel("again");
    expect(signals[0]?.reason).toBe("the connection is closed");
  });

  it("holds none that has ended", async () => {
    const cancellation = new CancellationScope();
    let signal: AbortSignal | undefined;
    const rule = permission("rule", async (context) => {
      signal = context.signal as AbortSignal;
      return true;
    });
    const policy = engine({ actions: { act: rule } });
    await policy.evaluateAction({ ...CALLER, cancellation }, ACT);
    cancellation.cancel("gone");
    expect(signal?.aborted).toBe(false);
  });
});

describe("an async answer", () => {
  it("stays in the fast program while true or false", async () => {
    const give = vi.spyOn(TreeWalker.prototype, "give");
    const later = (answer: boolean) => permission("later", async () => answer);
    const policy = engine({ permissions: and(later(true), later(true)), actions: { act: or(later(false), AllowAny) } });
    expect(await policy.decide({}, CONSUMER, "act")).toMatchObject({ outcome: "allow" });
    expect(give).not.toHaveBeenCalled();
    give.mockRestore();
  });

  it("is not recorded after the decision", async () => {
    let settle: (answer: boolean) => void = () => undefined;
    const slow = permission("slow", () => new Promise<boolean>((resolve) => (settle = resolve)));
    const record = createAnswerRecord();
    const decision = engine({ actions: { act: slow } }).evaluateAction({ ...CALLER, timeout: 20 }, ACT, record);
    expect(await decision).toMatchObject({ code: "permission_timeout" });
    settle(true);
    await turn();
    expect(record.answers.map(({ size }) => size)).toEqual([0, 0]);
  });
});

describe("the answers that an object question reuses", () => {
  it("are none at the action, where duplicate rules run twice", () => {
    const twice = vi.fn(() => true);
    const rule = or(permission("twice", twice), AllowAny);
    engine({ actions: { act: and(rule, rule) } }).evaluateAction(CALLER, ACT, createAnswerRecord());
    expect(twice).toHaveBeenCalledTimes(2);
  });

  const asked: string[] = [];
  const both = (name: string) => {
    const take = (question: string) => () => {
      asked.push(`${name}.${question}`);
      return true;
    };
    return permission(name, { action: take("action"), object: take("object") });
  };

  it("are those of the message, but never about objects", async () => {
    asked.length = 0;
    const rule = and(both("a"), or(both("b"), both("c")));
    const policy = engine({ permissions: both("g"), actions: { act: rule } });
    const record = createAnswerRecord();
    await policy.evaluateAction(CALLER, ACT, record);
    expect(asked.splice(0)).toEqual(["g.action", "a.action", "b.action"]);
    await policy.evaluateObject(CALLER, ACT, {}, record);
    expect(asked.splice(0)).toEqual(["g.object", "a.object", "b.object"]);
  });

  it("nothing is reused from one message to the next", async () => {
    asked.length = 0;
    const policy = engine({ actions: { act: both("a") } });
    policy.decide({}, CONSUMER, "act", {}, { object: {} });
    policy.decide({}, CONSUMER, "act", {}, { object: {} });
    expect(asked).toEqual(["a.action", "a.object", "a.action", "a.object"]);
  });

  it("a class rule gets the object, the payload and a signal", async () => {
    const given: unknown[] = [];
    class IsAuthor extends BasePermission<object> {
      override async hasObjectPermission(...all: unknown[]) {
        const { payload, signal } = all[4] as { payload: unknown; signal: AbortSignal };
        given.push(...all.slice(0, 4), payload, signal.aborted);
        return true;
      }
    }
    const object = { author: 1 };
    const scope = { user: 1 };
    const policy = engine({ actions: { edit: IsAuthor } });
    expect(await policy.decide(scope, CONSUMER, "edit", { text: "x" }, { object })).toMatchObject({
      outcome: "allow",
    });
    expect(given).toEqual([scope, CONSUMER, "edit", object, { text: "x" }, false]);
  });
});

describe("a stage that prepares", () => {
  const rule = (name: string, seen: unknown[]) => {
    const take = (context: unknown) => {
      const { payload, object } = context as { payload: unknown; object: unknown };
      seen.push(payload, object);
      return true;
    };
    return compile(toTree(permission(name, { action: take, object: take }), ""), "action", false) as Program;
  };
  const run = (prepared: Program, seen: unknown[], record?: AnswerRecord) => {
    const stages = [
      makeStage(0, rule("before", seen), false),
      makeStage(1, prepared),
      makeStage(1, rule("after", seen), false),
    ];
    if (record) return evaluateRecorded(stages, new RuleContext({}, CONSUMER, "act", { raw: 1 }), CALLER, record);
    const list = new StageList(stages);
    return list.decide({}, CONSUMER, "act", { raw: 1 }, CALLER);
  };

  const input = (fn: Parameters<typeof preparing>[1]) => preparing("input", fn);
  const object = (fn: Parameters<typeof preparing>[1]) => preparing("object", fn);

  it.each([false, true])("replaces payload or object for later stages (later: %s)", async (isLater) => {
    const give = <T>(value: T) => (isLater ? Promise.resolve(value) : value);
    const seen: unknown[] = [];
    const record = createAnswerRecord();
    expect(
      await run(
        input(({ payload }) => give({ payload: { parsed: payload.raw } })),
        seen,
        record,
      ),
    ).toMatchObject({
      outcome: "allow",
    });
    expect(seen).toEqual([{ raw: 1 }, undefined, { parsed: 1 }, undefined]);
    expect(record.payload).toEqual({ parsed: 1 });
    seen.length = 0;
    expect(
      await run(
        object(({ action }) => give({ object: { of: action } })),
        seen,
      ),
    ).toMatchObject({
      outcome: "allow",
    });
    expect(seen).toEqual([{ raw: 1 }, undefined, { raw: 1 }, { of: "act" }]);
  });

  it.each([false, true])("may refuse, or fail by its own name (later: %s)", async (isLater) => {
    const give = (make: () => unknown) => () => (isLater ? Promise.resolve().then(make) : make());
    const seen: unknown[] = [];
    const fail = () => {
      throw new Error("down");
    };
    expect(await run(input(give(() => deny("invalid_input"))), seen)).toMatchObject({
      outcome: "deny",
      code: "invalid_input",
    });
    expect(await run(input(give(fail)), seen)).toMatchObject({ outcome: "error", by: "input" });
    expect(await run(object(give(fail)), seen)).toMatchObject({ outcome: "error", by: "object" });
    expect(seen).toHaveLength(6);
  });
});

describe("definePolicy, as a type", () => {
  it("is the engine", () => {
    expect(definePolicy({ permissions: AllowAny })).toBeInstanceOf(PolicyEngine);
  });
});
