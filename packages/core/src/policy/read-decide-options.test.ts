import { AllowAny, BasePermission, definePolicy, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { describe, expect, test } from "vitest";
import { CONSUMER, connect, scopeOf, settled } from "../../test/connection.js";
import { createAnswerRecord } from "../engine/record.js";

const policy = definePolicy({
  connect: AllowAny,
  actions: { act: AllowAny, late: permission("late", async () => true) },
});
const scope = scopeOf();
const odd = () => {
  throw new Error("odd");
};
const ODD: [string, unknown][] = [
  ["null", null],
  ["a text", "x"],
  ["a number", 5],
  ["a controller as signal", { signal: new AbortController() }],
  ["a signal of another type", { signal: 1 }],
  [
    "a getter that throws",
    {
      get signal() {
        return odd();
      },
    },
  ],
  [
    "a getter of the object that throws",
    {
      get object() {
        return odd();
      },
    },
  ],
  ["a proxy that throws", new Proxy({}, { get: odd, has: odd })],
];

describe.each(ODD)("%s as options", (_name, options) => {
  test("is a fault of a policy", async () => {
    for (const action of ["act", "late"]) {
      expect(policy.decide(scope, CONSUMER, action, {}, options as never)).toMatchObject({
        outcome: "error",
        code: "permission_error",
        by: "options",
      });
      expect(await policy.can(scope, CONSUMER, action, {}, options as never)).toBe(false);
      await expect(policy.authorize(scope, CONSUMER, action, {}, options as never)).rejects.toMatchObject({
        code: "permission_error",
      });
    }
  });

  test("is a fault of a connect question", async () => {
    expect(policy.decideConnect(scope, CONSUMER, {}, options as never)).toMatchObject({ by: "options" });
    expect(await policy.canConnect(scope, CONSUMER, {}, options as never)).toBe(false);
  });

  test("is a fault of a session", async () => {
    const { session } = connect(policy);
    expect(session.decide("act", {}, options as never)).toMatchObject({ by: "options" });
    expect(await session.can("act", {}, options as never)).toBe(false);
  });
});

test("the message of a fault tells what to write", () => {
  const { error } = policy.decide(scope, CONSUMER, "act", {}, null as never);
  expect(String(error)).toContain("give { object, signal } as options, or leave them out");
});

test("a session that has ended allows nothing", async () => {
  const { session } = connect(policy);
  session.close();
  expect(session.decide("act")).toMatchObject({ code: "aborted" });
  expect(await session.can("act", {}, { object: {} })).toBe(false);
  await expect(session.authorize("act")).rejects.toMatchObject({ code: "aborted" });
});

describe("the signal of a class rule", () => {
  test("is its own where it asks the same action", async () => {
    let inner: Promise<unknown> | undefined;
    const signals: AbortSignal[] = [];
    class Reentrant extends BasePermission {
      override hasPermission(...[, , , { depth }, options]: Parameters<Required<BasePermission>["hasPermission"]>) {
        if (depth === 1) return new Promise<boolean>(() => {});
        inner = rules.decide(
          scope,
          CONSUMER,
          "act",
          { depth: 1 },
          { signal: AbortSignal.timeout(1) },
        ) as Promise<unknown>;
        return (inner as Promise<unknown>).then(() => {
          signals.push(options.signal);
          return true;
        });
      }
    }
    const rules = definePolicy({ actions: { act: Reentrant } });
    expect(await rules.decide(scope, CONSUMER, "act", { depth: 0 })).toMatchObject({ outcome: "allow" });
    expect(await inner).toMatchObject({ code: "aborted" });
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  test("read after the answer belongs to no other question", async () => {
    const kept: { readonly signal: AbortSignal }[] = [];
    class Keeps extends BasePermission {
      override hasPermission(...[, , , { later }, options]: Parameters<Required<BasePermission>["hasPermission"]>) {
        kept.push(options);
        return later === true ? new Promise<boolean>(() => {}) : true;
      }
    }
    const rules = definePolicy({ actions: { act: Keeps } });
    expect(await rules.can(scope, CONSUMER, "act")).toBe(true);
    const early = kept[0]?.signal as AbortSignal;
    const stop = new AbortController();
    const decided = rules.decide(scope, CONSUMER, "act", { later: true }, { signal: stop.signal });
    stop.abort();
    expect(await decided).toMatchObject({ code: "aborted" });
    expect(kept[1]?.signal.aborted).toBe(true);
    expect(early.aborted).toBe(false);
  });
});

test("an argument behind the options is a fault of a policy", () => {
  const decide = policy.decide as (...question: unknown[]) => unknown;
  expect(decide.call(policy, scope, CONSUMER, "act", {}, undefined, "more")).toMatchObject({
    outcome: "error",
    by: "options",
  });
});

test("wrong options in a handler are told with the verb", async () => {
  let error: unknown;
  const consumer = defineConsumer().action("act", AllowAny, async ({ decide, action }) => {
    ({ error } = await decide(action, undefined, { objct: 1 } as never));
  });
  connect(consumer).send("act");
  await settled();
  expect(String(error)).toContain("decide() has no option `objct`: write `object`");
});

describe("an unknown option", () => {
  test.each<[string, object, string]>([
    ["a misspelt object", { objct: 1 }, "`objct`: write `object`; the options are object"],
    ["the object itself", { owner: 2 }, "`owner`: the options are object"],
    ["a list", [1], "got a list: give { object, signal } as options"],
  ])("%s is a fault, whatever the rule knows", async (_name, options, message) => {
    const { session } = connect(policy);
    const made = [
      policy.decide(scope, CONSUMER, "act", {}, options as never),
      session.decide("act", {}, options as never),
    ];
    for (const { outcome, error } of (await Promise.all(made)) as { outcome: string; error: Error }[]) {
      expect([outcome, error.message.includes(message)]).toEqual(["error", true]);
    }
  });

  test("an object has no part in a connect question, a signal none in a session's", () => {
    const { session } = connect(policy);
    expect(policy.decideConnect(scope, CONSUMER, {}, { object: 1 } as never)).toMatchObject({ by: "options" });
    expect(session.decide("act", {}, { signal: new AbortController().signal } as never)).toMatchObject({
      by: "options",
    });
  });
});

describe("an object in place of the payload", () => {
  const isOwner = permission("isOwner", { object: ({ object }) => (object as { owner: number }).owner === 1 });
  const owned = definePolicy({
    actions: { edit: { rule: isOwner, objects: "checked-by-handler" }, act: AllowAny },
  });
  const message =
    "decide() got { object } as its payload: give it behind the payload, as in (action, payload, { object })";

  test("is a fault of a policy whose rule knows objects", async () => {
    for (const payload of [{ object: { owner: 2 } }, { object: undefined, signal: 1 }]) {
      const decision = await owned.decide(scope, CONSUMER, "edit", payload);
      expect([decision.outcome, decision.by, (decision.error as Error).message]).toEqual(["error", "options", message]);
      expect(await owned.can(scope, CONSUMER, "edit", payload)).toBe(false);
    }
  });

  test("is a fault of a session", async () => {
    const { session } = connect(owned);
    await expect(session.authorize("edit", { object: { owner: 2 } })).rejects.toMatchObject({
      code: "permission_error",
    });
    expect(await session.can("edit", {}, { object: { owner: 1 } })).toBe(true);
  });

  test("is a payload where more is in it, options are given, or no rule knows objects", async () => {
    const decide = (action: string, payload: object, options?: object) =>
      owned.decide(scope, CONSUMER, action, payload as never, options as never);
    expect(decide("edit", { object: 1, id: 2 })).toMatchObject({ outcome: "allow" });
    expect(decide("edit", { object: 1 }, {})).toMatchObject({ outcome: "allow" });
    expect(decide("act", { object: 1 })).toMatchObject({ outcome: "allow" });
    for (const payload of [null, 5, new Proxy({}, { ownKeys: odd })]) {
      expect(decide("edit", payload as never)).toMatchObject({ outcome: "allow" });
    }
  });

  test("is a payload of an action that is unknown", () => {
    const unknown = { code: "unknown_action", status: 405 };
    expect(owned.decide(scope, CONSUMER, "nowhere" as never, { object: 1 })).toMatchObject(unknown);
    const common = definePolicy({
      permissions: permission("common", { action: () => true, object: () => true }),
      actions: {},
    });
    expect(common.decide(scope, CONSUMER, "nowhere" as never, { object: 1 })).toMatchObject(unknown);
  });

  test("is what a client may send", async () => {
    const { send, wire } = connect(owned);
    send("edit", { object: 1 });
    expect(wire.log).toEqual(["deliver edit"]);
  });

  test("is what a handler asks about its own message", async () => {
    const both = permission("both", { action: () => true, object: () => true });
    const consumer = defineConsumer().action("edit", both, async ({ can }) => can("edit"));
    const { send, wire } = connect(consumer);
    send("edit", { object: 1 });
    await settled();
    expect(wire.sent).toEqual(["reply edit true"]);
  });
});

describe("the error of wrong options", () => {
  const signal = "as `signal`: give the signal of an AbortController";
  const none = "give { object, signal } as options, or leave them out";
  test.each<[unknown, string]>([
    [null, `got null: ${none}`],
    ["x", `got "x": ${none}`],
    [{ signal: 1 }, `got 1 ${signal}`],
    [{ signal: { aborted: false } }, `got an object ${signal}`],
    [{ signal: { addEventListener() {} } }, `got an object ${signal}`],
    [{ signal: { aborted: 1, addEventListener() {} } }, `got an object ${signal}`],
  ])("%j names the verb and what to write", async (options, told) => {
    const { session } = connect(policy);
    const made = {
      "decide()": policy.decide(scope, CONSUMER, "act", {}, options as never),
      "decideConnect()": policy.decideConnect(scope, CONSUMER, {}, options as never),
      "session.decide()": session.decide("act", {}, options as never),
    };
    for (const [caller, decision] of Object.entries(made)) {
      expect(((await decision).error as Error).message).toBe(`${caller} ${told}`);
    }
  });
});

describe("the record of an adapter", () => {
  const byObject = definePolicy({ actions: { edit: permission("isMine", { object: ({ object }) => object === 1 }) } });
  const ask = (options: object) => byObject.decide(scope, CONSUMER, "edit", {}, options as never);

  test("stands beside the options of the verb", () => {
    expect(ask({ record: createAnswerRecord(), object: 1 })).toMatchObject({ outcome: "allow" });
    expect(ask({ record: createAnswerRecord(), object: 2 })).toMatchObject({ outcome: "deny" });
  });

  test("lets no unknown option pass", () => {
    expect(ask({ record: createAnswerRecord(), objct: 1 })).toMatchObject({ outcome: "error", by: "options" });
  });

  test("a payload with other keys is no options", () => {
    const open = definePolicy({
      actions: { edit: permission("isMine", { action: () => true, object: () => false }) },
    });
    for (const payload of [{ subobject: 1 }, { objects: 1 }, { signal: 1 }, {}]) {
      expect(open.decide(scope, CONSUMER, "edit", payload)).toMatchObject({ outcome: "allow" });
    }
  });
});
