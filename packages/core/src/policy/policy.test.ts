import { describe, expect, it, vi } from "vitest";
import { CONSUMER } from "../../test/probes.js";
import { expectNoUnhandledRejection, turn, wait } from "../../test/support.js";
import { defineConsumer } from "../consumer.js";
import { publicRefusal } from "../decision/decision-parts.js";
import type { Decision } from "../decision/decision-types.js";
import { BasePermission } from "../rules/base-permission.js";
import { AllowAny } from "../rules/built-in/allow-any.js";
import { IsAuthenticated } from "../rules/built-in/is-authenticated.js";
import { and } from "../rules/combinators/and.js";
import { not } from "../rules/combinators/not.js";
import { or } from "../rules/combinators/or.js";
import { permission } from "../rules/function-rule.js";
import type { Scope, StandardSchema } from "../types.js";
import { permissionsFor } from "./permissions-for.js";
import { definePolicy, engineOf } from "./policy.js";
import { PolicyEngine } from "./policy-engine.js";

expectNoUnhandledRejection();

const SCOPE = { user: { id: 1 } } as never;
const aborted = { outcome: "error", code: "aborted", status: 499 };

describe("{ signal } of a direct call", () => {
  const seen: AbortSignal[] = [];
  const asked = vi.fn();
  const parts = (answer: () => boolean | Promise<boolean>) => ({
    connect: answer,
    action: answer,
    object: answer,
  });
  const slow = permission(
    "slow",
    parts(() => wait(30).then(() => true)),
  );
  const policy = definePolicy({ connect: slow, actions: { act: slow } });
  type Call = (signal: AbortSignal) => Decision | Promise<Decision>;
  const calls: [string, Call][] = [
    ["decideConnect", (signal) => policy.decideConnect(SCOPE, CONSUMER, {}, { signal })],
    ["decide", (signal) => policy.decide(SCOPE, CONSUMER, "act", {}, { signal })],
    ["decide, of an object", (signal) => policy.decide(SCOPE, CONSUMER, "act", {}, { object: {}, signal })],
  ];

  it.each(calls)("%s: leaves nothing on the signal once it is decided", async (_, call) => {
    const { signal } = new AbortController();
    const [add, remove] = [vi.spyOn(signal, "addEventListener"), vi.spyOn(signal, "removeEventListener")];
    await call(signal);
    expect(add).toHaveBeenCalledTimes(1);
    expect(remove.mock.calls).toEqual(add.mock.calls);
  });

  it.each(calls)("%s: aborted already, nothing is asked", (_, call) => {
    expect(call(AbortSignal.abort())).toMatchObject(aborted);
  });

  it("that is aborted already ends sync rules too", () => {
    const sync = definePolicy({ actions: { act: permission("sync", () => asked() === undefined) } });
    expect(sync.decide(SCOPE, CONSUMER, "act", {}, { signal: AbortSignal.abort() })).toMatchObject(aborted);
    expect(asked).not.toHaveBeenCalled();
    expect(sync.decide(SCOPE, CONSUMER, "act", {}, { signal: new AbortController().signal }).outcome).toBe("allow");
    expect(sync.decide(SCOPE, CONSUMER, "act", {}, {}).outcome).toBe("allow");
  });

  it.each(calls)("%s: aborted meanwhile, it ends at once", async (_, call) => {
    const controller = new AbortController();
    const decision = call(controller.signal);
    controller.abort("navigated away");
    const started = performance.now();
    expect(await decision).toMatchObject(aborted);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it.each(calls)("%s: aborted afterwards, nothing happens, and nothing is kept", async (_, call) => {
    const controller = new AbortController();
    const remove = vi.spyOn(controller.signal, "removeEventListener");
    const decision = await call(controller.signal);
    await turn();
    expect(decision.outcome).toBe("allow");
    expect(remove).toHaveBeenCalledTimes(1);
    controller.abort();
    expect(decision.outcome).toBe("allow");
  });

  it("tells the rules why", async () => {
    const rule = permission("rule", ({ signal }) => {
      seen.push(signal as AbortSignal);
      return new Promise<boolean>(() => undefined);
    });
    const controller = new AbortController();
    const waiting = definePolicy({ actions: { act: rule } });
    const decision = waiting.decide(SCOPE, CONSUMER, "act", {}, { signal: controller.signal });
    controller.abort("navigated away");
    expect(await decision).toMatchObject(aborted);
    expect(seen.map(({ reason }) => reason)).toEqual(["navigated away"]);
  });

  it("aborted by a rule during the question ends it", async () => {
    const controller = new AbortController();
    const rule = permission("rule", () => {
      controller.abort();
      return new Promise<boolean>(() => undefined);
    });
    const { signal } = controller;
    const self = definePolicy({ actions: { act: rule } });
    expect(await self.decide(SCOPE, CONSUMER, "act", {}, { signal })).toMatchObject(aborted);
  });
});

describe("unknownAction", () => {
  const actions = { ping: AllowAny };

  it("is 405 by default, and a plain denial with `deny`", () => {
    const open = definePolicy({ permissions: IsAuthenticated, actions });
    const shut = definePolicy({ permissions: IsAuthenticated, actions, unknownAction: "deny" });
    const anonymous = { user: null } as never;
    expect(open.decide(SCOPE, CONSUMER, "nope" as string)).toMatchObject({
      outcome: "deny",
      code: "unknown_action",
      status: 405,
      reason: "Unknown action.",
    });
    expect(open.decide(anonymous, CONSUMER, "nope" as string)).toEqual(open.decide(anonymous, CONSUMER, "ping"));
    expect(shut.decide(SCOPE, CONSUMER, "nope" as string)).toMatchObject({ code: "permission_denied", status: 403 });
    expect(shut.decide(SCOPE, CONSUMER, "nope" as string, {}, { object: {} })).toMatchObject({
      code: "permission_denied",
    });
  });

  const TEXT: StandardSchema<unknown, object> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) =>
        typeof (value as { text?: unknown }).text === "string" ? { value: {} } : { issues: [{ message: "no text" }] },
    },
  };
  const LATER: StandardSchema<unknown, object> = {
    "~standard": { ...TEXT["~standard"], validate: async (value) => TEXT["~standard"].validate(value) },
  };
  const hiding = defineConsumer()
    .action("plain", IsAuthenticated, () => 1)
    .action("parsed", IsAuthenticated, { input: TEXT }, () => 1)
    .action("parsedLater", IsAuthenticated, { input: LATER }, () => 1)
    .action(
      "checked",
      permission("text", { payload: TEXT }, () => false),
      () => 1,
    )
    .action(
      "open",
      permission("text", { payload: TEXT }, () => true),
      () => 1,
    );

  it.each([
    ["an unknown action", "nope" as string, {}],
    ["one that needs a user", "plain", {}],
    ["one whose payload does not fit", "parsed", {}],
    ["one whose payload fits", "parsed", { text: "a" }],
    ["one whose payload does not fit, which is found later", "parsedLater", {}],
    ["one whose rule has a schema", "checked", { text: 5 }],
    ["one that is open, with a payload that does not fit", "open", {}],
  ])("hides with `deny` from a client without a user: %s", async (_what, action, payload) => {
    const { policy } = hiding.unknownAction("deny");
    for (const user of [null, undefined, { isAuthenticated: false }]) {
      const decision = await policy.decide({ user } as never, CONSUMER, action, payload);
      expect(publicRefusal(decision)).toStrictEqual({
        code: "not_authenticated",
        status: 401,
        reason: "Authentication credentials were not provided.",
        retry: "after-auth",
      });
      expect(decision.issues).toBeUndefined();
      expect(decision.outcome).toBe("deny");
    }
  });

  it("reveals issues to users, or to all when nothing is hidden", async () => {
    const { policy } = hiding.unknownAction("deny");
    for (const action of ["parsed", "parsedLater", "checked"]) {
      expect(await policy.decide(SCOPE as never, CONSUMER, action)).toMatchObject({ code: "invalid_input" });
      expect(await hiding.policy.decide({ user: null } as never, CONSUMER, action)).toMatchObject({
        code: "invalid_input",
        issues: [{ message: "no text" }],
      });
    }
  });

  it("keeps for logs what is hidden", () => {
    const { policy } = hiding.unknownAction("deny");
    expect(policy.decide({ user: null } as never, CONSUMER, "parsed")).toMatchObject({
      by: "input",
      causes: [{ code: "invalid_input", issues: [{ message: "no text" }] }],
    });
  });

  it("hides from whoever's user cannot be read", () => {
    const scope = {
      get user(): never {
        throw new Error("no");
      },
    };
    const { policy } = hiding.unknownAction("deny");
    expect(policy.decide(scope as never, CONSUMER, "nope" as string)).toMatchObject({ code: "not_authenticated" });
    expect(policy.decide(scope as never, CONSUMER, "parsed")).toMatchObject({ code: "not_authenticated" });
  });
});

describe("describe", () => {
  class Full extends BasePermission {
    override canConnect() {
      return true;
    }
    override hasPermission() {
      return true;
    }
    override hasObjectPermission() {
      return true;
    }
  }

  it("is the rules as plain JSON", () => {
    const policy = definePolicy({
      connect: and(IsAuthenticated, not(Full)),
      permissions: or(Full, permission("onlyObjects", { object: () => true })),
      actions: {
        ping: AllowAny,
        edit: { rule: IsAuthenticated, concurrent: true, objects: "checked-by-handler" },
      },
    });
    const rule = (name: string, ...asks: string[]) => ({ kind: "rule", name, asks });
    const full = rule("Full", "connect", "action", "object");
    const described = {
      connect: {
        kind: "and",
        name: "and(IsAuthenticated, not(Full))",
        operands: [rule("IsAuthenticated", "action"), { kind: "not", name: "not(Full)", operands: [full] }],
      },
      permissions: { kind: "or", name: "or(Full, onlyObjects)", operands: [full, rule("onlyObjects", "object")] },
      actions: {
        ping: { rule: rule("AllowAny", "connect", "action", "object") },
        edit: { rule: rule("IsAuthenticated", "action"), concurrent: true, objects: "checked-by-handler" },
      },
    };
    expect(policy.describe()).toEqual(described);
    expect(JSON.parse(JSON.stringify(policy.describe()))).toEqual(described);
  });

  it("names only what there is", () => {
    expect(Object.keys(definePolicy({ permissions: AllowAny }).describe())).toEqual(["permissions"]);
    expect(definePolicy({ actions: {} }).describe()).toEqual({ actions: {} });
  });
});

describe("permissionsFor", () => {
  it("binds the scope type, and nothing else", () => {
    interface AppScope extends Scope {
      readonly user: { readonly id: number };
    }
    const bound = permissionsFor<AppScope>();
    const isFirst = bound.permission("isFirst", ({ scope }) => scope.user.id === 1);
    expect(bound.definePolicy({ permissions: isFirst }).decide(SCOPE, CONSUMER, "act").outcome).toBe("allow");
  });
});

describe("engineOf", () => {
  const policy = definePolicy({ permissions: AllowAny });

  it("takes policies of any copy, and consumers", () => {
    const engine = engineOf(policy, "guard()");
    expect(engine).toBeInstanceOf(PolicyEngine);
    const ofAnotherCopy = { rules: engine.rules, decide: engine.evaluateAction };
    expect(engineOf(ofAnotherCopy, "guard()")).toBe(ofAnotherCopy);
    expect(engineOf({ engine }, "guard()")).toBe(engine);
  });

  it.each([undefined, null, {}, "policy", { engine: undefined }, { rules: {} }, () => policy])(
    "refuses %o",
    (value) => {
      expect(() => engineOf(value, "guard()")).toThrow("as its policy: give what definePolicy({ ... }) returned");
    },
  );
});
