import { describe, expect, it } from "vitest";
import { PermissionMisuse } from "../decision/errors.js";
import { BasePermission } from "../rules/base-permission.js";
import { AllowAny } from "../rules/built-in/allow-any.js";
import { DenyAll } from "../rules/built-in/deny-all.js";
import { permission } from "../rules/function-rule.js";
import { buildRules } from "./compile-policy.js";
import { definePolicy } from "./policy.js";
import { PolicyEngine } from "./policy-engine.js";

const build = (options: unknown) => definePolicy(options as { permissions: typeof AllowAny });
const consumer = { id: "" } as never;
const CLEAR = "leave it out, or write";

describe("definePolicy refuses", () => {
  it.each([
    [
      undefined,
      "definePolicy() got undefined: give an object with connect, permissions, actions, timeout, unknownAction",
    ],
    [null, "definePolicy() got null: give an object"],
    [[AllowAny], "definePolicy() got a list: give an object"],
    [AllowAny, "definePolicy() got the function `AllowAny`: give an object"],
    [
      {},
      "definePolicy() got neither `permissions` nor `actions`: write `permissions: AllowAny` to leave messages open",
    ],
    [{ connect: AllowAny }, "definePolicy() got neither `permissions` nor `actions`"],
    [
      { permission: AllowAny },
      "definePolicy() has no option `permission`: write `permissions`; the options are connect, permissions",
    ],
    [
      { permissions: AllowAny, unknownAction: "allow" },
      `definePolicy() got "allow" as \`unknownAction\`: ${CLEAR} "deny"`,
    ],
    [{ permissions: true }, "`permissions` got true, which is no permission"],
    [{ permissions: AllowAny, connect: 1 }, "`connect` got 1, which is no permission"],
    [{ actions: [] }, "definePolicy() got an empty list as `actions`: give an object of rules by action name"],
    [{ actions: null }, "definePolicy() got null as `actions`"],
    [{ actions: new Map([["a", AllowAny]]) }, "definePolicy() got an object as `actions`: give an object of rules"],
    [
      { actions: { "chat.*": AllowAny } },
      '`actions["chat.*"]` has a `*`, and names are literal: list the actions, or use `permissions`',
    ],
    [{ actions: AllowAny }, "definePolicy() got the function `AllowAny` as `actions`"],
    [{ actions: { ping: undefined } }, '`actions["ping"]` got undefined, which is no permission: was it imported'],
    [{ actions: { ping: { rule: 1 } } }, '`actions["ping"]` got 1, which is no permission'],
    [
      { actions: { ping: { rule: AllowAny, rules: 1 } } },
      '`actions["ping"]` has no option `rules`: write `rule`; the options are rule',
    ],
    [{ actions: { ping: { rule: AllowAny, objects: true } } }, `\`actions["ping"]\` got true as \`objects\`: ${CLEAR}`],
    [
      { actions: { ping: { rule: AllowAny, concurrent: 1 } } },
      '`actions["ping"]` got 1 as `concurrent`: write true or false',
    ],
    [{ permissions: AllowAny, timeout: 5 }, "`timeout` got 5: give an object with connect, action, object"],
    [
      { permissions: AllowAny, timeout: { actions: 5 } },
      "`timeout` has no option `actions`: write `action`; the options are connect",
    ],
  ])("%j", (options, message) => {
    expect(() => build(options)).toThrow(PermissionMisuse);
    expect(() => build(options)).toThrow(message);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, "5", null, true])(
    "a timeout of %j",
    (milliseconds) => {
      for (const phase of ["connect", "action", "object"]) {
        expect(() => build({ permissions: AllowAny, timeout: { [phase]: milliseconds } })).toThrow(
          `\`timeout.${phase}\` is ${typeof milliseconds === "string" ? `"${milliseconds}"` : milliseconds}: give milliseconds, from 1 to 2147483647`,
        );
      }
    },
  );

  it.each(["connect", "permissions", "actions"])(
    "a `%s` that is named but undefined: it must not count as left out, and open what it should guard",
    (key) => {
      expect(() => build({ permissions: AllowAny, actions: { ping: AllowAny }, [key]: undefined })).toThrow(
        key === "actions"
          ? "definePolicy() got undefined as `actions`"
          : `\`${key}\` got undefined, which is no permission`,
      );
    },
  );
});

describe("timeouts", () => {
  const timeouts = (timeout?: object) => {
    const { controls } = buildRules({ permissions: AllowAny, ...(timeout && { timeout }) });
    return [controls.connect.timeout, controls.action.timeout, controls.object.timeout];
  };

  it("are 5 s each, unless they are given", () => {
    expect(timeouts()).toEqual([5000, 5000, 5000]);
    expect(timeouts({})).toEqual([5000, 5000, 5000]);
    expect(timeouts({ action: 100 })).toEqual([5000, 100, 5000]);
    expect(timeouts({ connect: 1, action: undefined, object: 2 ** 31 - 1 })).toEqual([1, 5000, 2147483647]);
  });
});

describe("the table", () => {
  it("takes names of Object.prototype and an own `__proto__`", () => {
    const policy = build({
      actions: JSON.parse('{"__proto__":1,"toString":1}', (_, value) => (value === 1 ? AllowAny : value)),
    });
    expect(policy.decide({} as never, consumer, "toString")).toMatchObject({ outcome: "allow" });
    expect(policy.decide({} as never, consumer, "__proto__")).toMatchObject({ outcome: "allow" });
    expect(policy.decide({} as never, consumer, "constructor")).toMatchObject({ code: "unknown_action" });
    expect(Object.keys(policy.describe().actions ?? {})).toEqual(["__proto__", "toString"]);
  });

  it("does not see what is changed in `actions` afterwards", () => {
    const actions: Record<string, typeof AllowAny | typeof DenyAll> = { ping: DenyAll };
    const policy = build({ actions });
    actions.ping = AllowAny;
    actions.pong = AllowAny;
    expect(policy.decide({} as never, consumer, "ping")).toMatchObject({ outcome: "deny" });
    expect(policy.decide({} as never, consumer, "pong")).toMatchObject({ code: "unknown_action" });
  });

  it("a permission with a field `rule` is no entry", () => {
    class Wrapper extends BasePermission<object> {
      readonly rule = AllowAny;
      override hasPermission() {
        return false;
      }
    }
    expect(build({ actions: { ping: new Wrapper() } }).decide({} as never, consumer, "ping")).toMatchObject({
      outcome: "deny",
      by: "Wrapper",
    });
  });

  it("keeps what an entry says beside its rule", () => {
    const rules = buildRules({
      actions: {
        plain: AllowAny,
        full: { rule: AllowAny, concurrent: true, objects: "checked-by-handler" },
        bare: { rule: AllowAny, concurrent: false },
      },
    });
    const said = (action: string) => {
      const { concurrent, objects } = rules.entryOf(action);
      return { concurrent, objects };
    };
    expect(said("plain")).toEqual({ concurrent: false, objects: undefined });
    expect(said("bare")).toEqual({ concurrent: false, objects: undefined });
    expect(said("full")).toEqual({ concurrent: true, objects: "checked-by-handler" });
    expect(said("nope")).toEqual({ concurrent: false, objects: undefined });
  });
});

describe("needsObject", () => {
  const knowsObjects = permission("knowsObjects", { object: () => true });
  const knowsBoth = permission("knowsBoth", { action: () => true, object: () => true });
  const told = (options: object, action = "ping") => {
    const { needsObject, asksObject } = buildRules(options).entryOf(action);
    return { needsObject, asksObject };
  };

  it("is an action of which some rule knows objects only", () => {
    expect(told({ actions: { ping: knowsObjects } })).toEqual({ needsObject: true, asksObject: true });
    expect(told({ actions: { ping: knowsBoth } })).toEqual({ needsObject: false, asksObject: true });
    expect(told({ actions: { ping: AllowAny } })).toMatchObject({ needsObject: false });
    expect(told({ permissions: knowsObjects, actions: { ping: AllowAny } })).toEqual({
      needsObject: true,
      asksObject: true,
    });
    expect(told({ permissions: knowsObjects })).toEqual({ needsObject: true, asksObject: true });
    expect(told({ permissions: knowsObjects, actions: { ping: AllowAny } }, "nope")).toMatchObject({
      needsObject: false,
    });
  });
});

describe("an input check", () => {
  const rules = (parse: () => unknown) =>
    new PolicyEngine(
      buildRules(
        {
          permissions: permission("first", () => true),
          actions: { send: permission("send", ({ payload }) => payload.n === 1) },
        },
        new Map([["send", parse]]),
      ),
    );

  it("stands between permissions and the rule, and replaces the payload", async () => {
    expect(rules(() => ({ payload: { n: 1 } })).decide({}, consumer, "send", { n: "1" })).toMatchObject({
      outcome: "allow",
    });
    expect(await rules(async () => ({ payload: { n: 1 } })).decide({}, consumer, "send")).toMatchObject({
      outcome: "allow",
    });
    expect(rules(() => ({ payload: { n: 2 } })).decide({}, consumer, "send")).toMatchObject({
      outcome: "deny",
      by: "send",
    });
  });

  it("that fails is a fault by the name of `input`", async () => {
    const failing = () => {
      throw new Error("schema");
    };
    expect(rules(failing).decide({}, consumer, "send")).toMatchObject({ outcome: "error", by: "input" });
    expect(await rules(async () => failing()).decide({}, consumer, "send")).toMatchObject({
      outcome: "error",
      by: "input",
    });
  });
});

describe("an entry", () => {
  it("keeps answers only where somebody asks for them", () => {
    const isOwner = permission("isOwner", { object: () => true });
    const rules = buildRules({ permissions: isOwner, actions: { act: AllowAny } });
    expect(rules.entryOf("unknown")).toMatchObject({ asksObject: false, needsObject: false });
    expect(rules.entryOf("act").isParsed).toBe(false);
    expect(rules.entryOf("unknown").isParsed).toBe(false);
  });

  it("that is null is a misuse", () => {
    expect(() => buildRules({ actions: { act: null } })).toThrow(PermissionMisuse);
  });
});
