import {
  AllowAny,
  allow,
  BasePermission,
  DenyAll,
  definePolicy,
  IsAuthenticated,
  not,
  PermissionMisuse,
  permission,
  type StandardSchema,
} from "@portcullis/core";
import { consumersFor, defineConsumer } from "@portcullis/core/consumer";
import { describe, expect, test } from "vitest";
import { CONSUMER, connect, deferred, scopeOf, settled, sleep } from "../../test/connection.js";
import type { StandardIssue } from "../types.js";

const ann = { scope: { user: { id: 1 } } };

describe("building", () => {
  test("every method returns a new consumer", () => {
    const base = defineConsumer().action("ping", AllowAny, () => "pong");
    const extended = base
      .connect(IsAuthenticated)
      .permissions(IsAuthenticated)
      .action("more", DenyAll, () => 1)
      .timeout({ action: 7 })
      .unknownAction("deny");
    expect(base.policy.describe()).toEqual({
      actions: { ping: { rule: { kind: "rule", name: "AllowAny", asks: ["connect", "action", "object"] } } },
    });
    expect(Object.keys(extended.policy.describe())).toEqual(["connect", "permissions", "actions"]);
    expect(Object.keys(extended.policy.describe().actions ?? {})).toEqual(["ping", "more"]);
    expect(base.engine.rules.controls.action.timeout).toBe(5000);
    expect(extended.engine.rules.controls.action.timeout).toBe(7);
    expect(extended.timeout({ object: 9 }).engine.rules.controls).toMatchObject({
      action: { timeout: 7 },
      object: { timeout: 9 },
    });
  });

  test("the policy is built once, and decides without the handlers", () => {
    const consumer = defineConsumer().action("ping", IsAuthenticated, () => "pong");
    expect(consumer.engine).toBe(consumer.engine);
    expect(consumer.policy).toBe(consumer.engine);
    expect(consumer.policy.decide(scopeOf(ann.scope), CONSUMER, "ping")).toMatchObject({ outcome: "allow" });
    expect(consumer.policy.decide(scopeOf(), CONSUMER, "ping")).toMatchObject({ code: "not_authenticated" });
  });

  test("a class is instantiated once, despite later extensions", () => {
    let count = 0;
    class Counted extends BasePermission {
      constructor() {
        super();
        count += 1;
      }
      override hasPermission() {
        return true;
      }
    }
    const base = defineConsumer()
      .permissions(Counted)
      .action("a", AllowAny, () => 1);
    for (const one of [base, base.action("b", AllowAny, () => 1), base.handler("a", () => 2)]) one.policy.describe();
    expect(count).toBe(1);
  });

  test("connect and permissions said twice must both pass", () => {
    const consumer = defineConsumer()
      .connect(AllowAny)
      .connect(IsAuthenticated)
      .permissions(not(DenyAll))
      .permissions([IsAuthenticated])
      .action("ping", AllowAny, () => "pong");
    const { connect: connecting, permissions } = consumer.policy.describe();
    expect(connecting?.name).toBe("and(AllowAny, IsAuthenticated)");
    expect(permissions?.name).toBe("and(not(DenyAll), and(IsAuthenticated))");
    expect(consumer.policy.decideConnect(scopeOf(), CONSUMER)).toMatchObject({ code: "not_authenticated" });
    expect(consumer.policy.decide(scopeOf(), CONSUMER, "ping")).toMatchObject({ code: "not_authenticated" });
  });

  test("a replaced handler keeps rule, input and options (see CVE-2026-41856)", () => {
    const input = schema((value) => ({ value: { text: String(value.text).trim() } }));
    const base = defineConsumer().action(
      "say",
      IsAuthenticated,
      { input, concurrent: true },
      ({ payload }) => payload.text,
    );
    const louder = base.handler("say", ({ payload }) => `${payload.text}!`);
    expect(louder.policy.describe()).toEqual(base.policy.describe());
    const guest = connect(louder);
    guest.send("say", { text: " hi " });
    expect(guest.wire.sent).toEqual(["refuse say not_authenticated 401"]);
    const { send, wire } = connect(louder, ann);
    send("say", { text: " hi " });
    expect(wire.sent).toEqual(['reply say "hi!"']);
    const old = connect(base, ann);
    old.send("say", { text: " hi " });
    expect(old.wire.sent).toEqual(['reply say "hi"']);
  });

  test("consumersFor only binds the scope type", () => {
    expect(consumersFor().defineConsumer).toBe(defineConsumer);
  });

  test("names of a prototype are plain names of actions", () => {
    const named = defineConsumer()
      .action("__proto__", AllowAny, () => 1)
      .action("constructor", AllowAny, () => 2);
    const there = connect(named);
    for (const name of ["__proto__", "constructor", "toString"]) there.send(name);
    expect(there.wire.sent).toEqual(["reply __proto__ 1", "reply constructor 2", "refuse toString unknown_action 405"]);
    const absent = connect(defineConsumer().action("ping", AllowAny, () => 1));
    for (const name of ["__proto__", "constructor", "toString", "connect"]) absent.send(name);
    expect(absent.wire.refused.map(({ code }) => code)).toEqual(Array(4).fill("unknown_action"));
  });

  test("an unknown action may look like a denied one", () => {
    const { send, wire } = connect(defineConsumer().unknownAction("deny"));
    send("nope");
    expect(wire.sent).toEqual(["refuse nope not_authenticated 401"]);
  });
});

describe("misuse", () => {
  test("rules are given by methods, not to defineConsumer()", () => {
    expect(() => defineConsumer(...([{ connect: DenyAll }] as never as []))).toThrow(
      "defineConsumer() got an object: it takes nothing: write defineConsumer().connect(rule)",
    );
  });

  const consumer = defineConsumer().action("ping", AllowAny, () => 1) as never as Record<
    string,
    (...args: unknown[]) => { engine: unknown }
  >;
  const handler = () => 1;

  test.each([
    [
      "action",
      ["ping", AllowAny, handler],
      '.action("ping") is there already: replace its handler by .handler("ping", handler)',
    ],
    ["action", ["", AllowAny, handler], "needs a name"],
    ["action", [5, AllowAny, handler], ".action(5) needs a name"],
    ["action", ["a", () => true, handler], '.action("a") got the function `anonymous`, which is no permission'],
    ["action", ["a", undefined, handler], '.action("a") got undefined'],
    ["action", ["a", AllowAny], '.action("a") got undefined as its handler: give a function'],
    ["action", ["a", AllowAny, { input: undefined }], '.action("a") got an object as its handler'],
    ["action", ["a", AllowAny, { inputs: 1 }, handler], '.action("a") has no option `inputs`'],
    ["action", ["a", AllowAny, undefined, handler], '.action("a") got undefined: give an object'],
    ["action", ["a", AllowAny, { input: {} }, handler], '.action("a") got an `input` that is no Standard Schema'],
    ["action", ["a", AllowAny, { input: null }, handler], "no Standard Schema"],
    ["action", ["a", AllowAny, { object: {} }, handler], '.action("a") got an object as `object`: give a function'],
    ["handler", ["pong", handler], '.handler("pong"): there is no such action'],
    ["handler", ["ping", "pong"], '.handler("ping") got "pong" as its handler'],
    ["connect", [[]], ".connect() got an empty list"],
    ["permissions", [undefined], ".permissions() got undefined"],
  ])("%s(%j)", (method, args, message) => {
    expect(() => consumer[method]?.(...args)).toThrow(PermissionMisuse);
    expect(() => consumer[method]?.(...args)).toThrow(message);
  });

  test.each([
    ["timeout", [{ action: 0 }], "`timeout.action` is 0"],
    ["unknownAction", ["allow"], 'got "allow" as `unknownAction`'],
    ["action", ["a", AllowAny, { concurrent: "yes" }, handler], 'got "yes" as `concurrent`'],
    ["action", ["a", AllowAny, { objects: "never" }, handler], 'got "never" as `objects`'],
  ])("%s(%j) is found when the policy is built", (method, args, message) => {
    expect(() => consumer[method]?.(...args).engine).toThrow(message);
  });
});

type Fields = Record<string, unknown>;
type Result = { value: Fields } | { issues: StandardIssue[] };

/** A Standard Schema of a function. */
function schema(validate: (value: Fields) => unknown): StandardSchema<unknown, Fields> {
  return { "~standard": { version: 1, vendor: "test", validate: (value) => validate(value as Fields) as never } };
}

const text = schema(
  ({ text: given }): Result =>
    typeof given === "string"
      ? { value: { text: given.trim() } }
      : { issues: [{ message: "expected a string", path: ["text"] }] },
);

describe("input", () => {
  test("rule, loader and handler get the parsed payload, permissions the original", async () => {
    const seen: unknown[] = [];
    const look = (name: string) =>
      permission(name, {
        action: ({ payload }) => seen.push([name, payload]) > 0,
        object: ({ payload }) => seen.push([`${name} object`, payload]) > 0,
      });
    const later = schema(async (value) => text["~standard"].validate(value));
    for (const input of [text, later]) {
      seen.length = 0;
      const consumer = defineConsumer()
        .permissions(look("general"))
        .action(
          "say",
          look("own"),
          { input, object: ({ payload }) => seen.push(["load", payload]) },
          ({ payload }) => payload,
        );
      const { send, wire } = connect(consumer);
      send("say", { text: " hi ", more: 1 });
      await settled();
      expect(wire.sent).toEqual(['reply say {"text":"hi"}']);
      expect(seen).toEqual([
        ["general", { text: " hi ", more: 1 }],
        ["own", { text: "hi" }],
        ["load", { text: "hi" }],
        ["general object", { text: "hi" }],
        ["own object", { text: "hi" }],
      ]);
    }
  });

  test("the parsed payload reaches the handler without a record", () => {
    const { send, wire } = connect(defineConsumer().action("say", AllowAny, { input: text }, ({ payload }) => payload));
    send("say", { text: " hi " });
    expect(wire.sent).toEqual(['reply say {"text":"hi"}']);
  });

  test("an invalid payload is refused between permissions and the rule", () => {
    const asked: string[] = [];
    const own = permission("own", () => asked.push("own") > 0);
    const consumer = defineConsumer()
      .permissions(IsAuthenticated)
      .action("say", own, { input: text }, () => 1);
    const guest = connect(consumer);
    guest.send("say", { text: { $ne: null } });
    expect(guest.wire.sent).toEqual(["refuse say not_authenticated 401"]);
    const { send, wire } = connect(consumer, ann);
    send("say", { text: { $ne: null } });
    expect(wire.refused).toEqual([
      expect.objectContaining({
        outcome: "deny",
        code: "invalid_input",
        status: 400,
        by: "input",
        reason: "text: expected a string",
        issues: [{ message: "expected a string", path: ["text"] }],
      }),
    ]);
    expect(asked).toEqual([]);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("schema");
      },
    ],
    [
      "rejects",
      async () => {
        throw new Error("schema");
      },
    ],
    ["answers nothing", () => undefined],
    ["answers nothing later", async () => undefined],
    ["makes a list", () => ({ value: [1] })],
    ["makes a text", async () => ({ value: "hi" })],
    ["makes nothing", () => ({ value: undefined })],
    ["makes null", () => ({ value: null })],
  ])("a schema that %s is a fault, and no handler runs", async (_, validate) => {
    const ran: unknown[] = [];
    const consumer = defineConsumer().action("say", AllowAny, { input: schema(validate) }, () => ran.push(1));
    const { send, wire } = connect(consumer);
    send("say");
    await settled();
    expect(wire.sent).toEqual(["refuse say permission_error 500"]);
    expect(wire.refused[0]).toMatchObject({ outcome: "error", by: "input", error: expect.any(Error) });
    expect(ran).toEqual([]);
  });

  test("a schema that returns no object is a fault", () => {
    const consumer = defineConsumer().action("say", AllowAny, { input: schema(() => ({ value: [1] })) }, () => 1);
    const { send, wire } = connect(consumer);
    send("say");
    expect(String(wire.refused[0]?.error)).toContain("an `input` schema made a list of the payload");
  });

  test("a decision as its result is a payload", () => {
    const { send, wire } = connect(
      defineConsumer().action("say", DenyAll, { input: schema(() => ({ value: allow() as never })) }, () => 1),
    );
    send("say");
    expect(wire.sent).toEqual(["refuse say permission_denied 403"]);
  });

  test("a schema that never answers meets the action's deadline", async () => {
    const answer = deferred<unknown>();
    const consumer = defineConsumer()
      .timeout({ action: 20 })
      .action("say", AllowAny, { input: schema(() => answer.promise) }, () => 1);
    const { send, wire } = connect(consumer);
    send("say");
    await sleep(60);
    expect(wire.sent).toEqual(["refuse say permission_timeout 503"]);
  });

  test("the policy of a consumer parses too", () => {
    const isHi = permission("isHi", ({ payload }) => payload.text === "hi");
    const { policy } = defineConsumer().action("say", isHi, { input: text }, () => 1);
    expect(policy.decide(scopeOf(), CONSUMER, "say", { text: " hi " })).toMatchObject({ outcome: "allow" });
    expect(policy.decide(scopeOf(), CONSUMER, "say", {})).toMatchObject({ code: "invalid_input" });
    expect(definePolicy({ actions: { say: isHi } }).decide(scopeOf(), CONSUMER, "say", { text: " hi " })).toMatchObject(
      { outcome: "deny" },
    );
  });
});
