import { RateLimiterMemory } from "rate-limiter-flexible";
import { describe, expect, test } from "vitest";
import { definePolicy } from "../../policy/policy.js";
import type { Context, Scope } from "../../types.js";
import { not } from "../combinators/not.js";
import { rateLimit } from "./rate-limit.js";

const consumer = { id: "1", transport: "none", raw: undefined, close() {} };

/** Asks about one message of a client. */
function asking(rule: Parameters<typeof not>[0], scope: object = { remoteAddress: "127.0.0.1", user: { id: "ann" } }) {
  const policy = definePolicy({ actions: { say: rule } });
  return () => policy.decide(scope as never, consumer, "say");
}

test("a client over the limit is refused with the seconds to wait", async () => {
  const say = asking(rateLimit(new RateLimiterMemory({ points: 2, duration: 30 })));
  expect([(await say()).outcome, (await say()).outcome]).toEqual(["allow", "allow"]);
  expect(await say()).toMatchObject({
    outcome: "error",
    code: "rate_limited",
    status: 429,
    retry: "later",
    retryAfter: 30,
  });
});

test.each<[string, object, string]>([
  ["the id of the user", { user: { id: "ann", sub: "x" }, remoteAddress: "::1" }, "ann"],
  ["the subject of a token", { user: { sub: 7 }, remoteAddress: "::1" }, "7"],
  ["the text of an object id", { user: { _id: { toString: () => "65f0" } }, remoteAddress: "::1" }, "65f0"],
  ["a bigint", { user: { id: 7n }, remoteAddress: "::1" }, "7"],
  ["the address of an anonymous client", { user: null, remoteAddress: "::1" }, "::1"],
])("the key is %s", async (_what, scope, key) => {
  const keys: string[] = [];
  const consume = async (name: string) => keys.push(name);
  expect((await asking(rateLimit({ consume }), scope)()).outcome).toBe("allow");
  expect(keys).toEqual([key]);
});

test.each([[{ user: { _id: {} }, remoteAddress: "::1" }], [{ user: null }]])(
  "a client without a key is a fault: %j",
  async (scope) => {
    const decided = await asking(rateLimit({ consume: async () => 1 }), scope)();
    expect(decided).toMatchObject({ outcome: "error", status: 500 });
  },
);

test("each key has points of its own", async () => {
  type Tenant = Scope & { user: { tenant: string } };
  const limiter = new RateLimiterMemory({ points: 1, duration: 30 });
  const rule = rateLimit(limiter, ({ scope }: Context<Tenant>) => scope.user.tenant);
  const [one, other] = ["a", "b"].map((tenant) => asking(rule, { user: { tenant } }));
  expect([(await one?.())?.code, (await other?.())?.code, (await one?.())?.code]).toEqual([
    "allowed",
    "allowed",
    "rate_limited",
  ]);
});

test.each<[string, unknown]>([
  ["an error", new Error("redis is down")],
  ["nothing", undefined],
  ["null", null],
  ["no time", {}],
  ["a text", "later"],
])("a limiter that rejects with %s is a fault", async (_what, rejection) => {
  const rule = rateLimit({ consume: () => Promise.reject(rejection) });
  expect(await asking(rule)()).toMatchObject({ outcome: "error", code: "permission_error", status: 500 });
  expect((await asking(not(rule))()).outcome).toBe("error");
});

test.each([[false], [{ success: false }], [{ allowed: false }]])(
  "a limiter that answers %j is a fault",
  async (answer) => {
    const decided = await asking(rateLimit({ consume: async () => answer }))();
    expect(decided).toMatchObject({ outcome: "error", status: 500 });
    expect((decided.error as Error).message).toContain("reject with { msBeforeNext }");
  },
);

test.each([[undefined], [null], [true], [{ remainingPoints: 0 }], [0]])(
  "a limiter that answers %j allows",
  async (answer) => {
    expect((await asking(rateLimit({ consume: async () => answer }))()).outcome).toBe("allow");
  },
);

test("a negated limit lets nobody through", async () => {
  const rule = rateLimit({ consume: () => Promise.reject({ msBeforeNext: 1200 }) });
  expect(await asking(not(rule))()).toMatchObject({ outcome: "error", code: "rate_limited", retryAfter: 2 });
});

test.each<[string, unknown]>([
  ["undefined", undefined],
  ["an empty text", ""],
  ["an object", {}],
  ["not a number", Number.NaN],
])("a key that is %s is a fault", async (_what, key) => {
  const decided = await asking(rateLimit({ consume: async () => 1 }, () => key as never))();
  expect(decided).toMatchObject({ outcome: "error", status: 500 });
  expect((decided.error as Error).message).toContain("rateLimit() got");
});

describe("rateLimit refuses", () => {
  test.each<[unknown, unknown, string]>([
    [undefined, undefined, "rateLimit() got undefined: give a limiter with consume(key)"],
    [{}, undefined, "rateLimit() got an object: give a limiter with consume(key)"],
    [{ consume: async () => 1 }, "id", "as its key: give a function that returns a text"],
  ])("%j, %j", (limiter, key, message) => {
    expect(() => rateLimit(limiter as never, key as never)).toThrow(message);
  });
});
