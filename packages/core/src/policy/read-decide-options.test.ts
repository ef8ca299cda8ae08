import { AllowAny, BasePermission, definePolicy, permission } from "@portcullis/core";
import { describe, expect, test } from "vitest";
import { CONSUMER, connect, scopeOf } from "../../test/connection.js";

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
