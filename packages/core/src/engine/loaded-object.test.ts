import { AllowAny, abstain, allow, type Decision, definePolicy, deny, fault, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { describe, expect, test } from "vitest";
import { CONSUMER, connect, scopeOf, settled, withThen } from "../../test/connection.js";
import { readLoaded } from "./loaded-object.js";

const asked: unknown[] = [];
/** Allows every object. */
const lax = permission("lax", { object: ({ object }) => asked.push(object) > 0 });
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

const rejecting = async () => {
  throw new Error("a rejection that nobody waits for");
};
const wrong: [string, () => unknown, string][] = [
  ["a promise", async () => ({ id: 1 }), "await it where it is a promise, as in { object: await find(id) }"],
  ["a promise that rejects", rejecting, "await it"],
  ["a query with `then`", () => withThen({}, { value: () => expect.unreachable() }), "await it"],
  ["a proxy that cannot be read", revoked, "await it"],
  ["allow()", () => allow(), "give the object itself"],
  ["abstain()", () => abstain(), "give the object itself"],
  ["false", () => false, "give the object itself"],
  ["true", () => true, "give the object itself"],
  ["an error", () => new TypeError("no"), "throw it"],
  ["zero", () => 0, "give the object itself"],
  ["an empty text", () => "", "give the object itself"],
  ["NaN", () => Number.NaN, "give the object itself"],
  ["0n", () => 0n, "give the object itself"],
];
const refusals: [string, () => unknown, string][] = [
  ["deny()", () => deny("archived", { status: 410 }), "archived 410"],
  ["fault()", () => fault("db_down", { status: 503 }), "db_down 503"],
];
const given: [string, () => unknown, string, string][] = [
  ...wrong.map(([name, make, advice]): [string, () => unknown, string, string] => [
    name,
    make,
    "permission_error 500",
    advice,
  ]),
  ...refusals.map(([name, make, refusal]): [string, () => unknown, string, string] => [name, make, refusal, ""]),
];

describe("an object that is none", () => {
  test.each(given)("%s refuses where a session or a policy is asked", async (_, make, refusal, advice) => {
    const policy = definePolicy({ actions: { edit: lax, any: AllowAny } });
    const { session } = connect(defineConsumer().action("edit", lax, { object: () => 1 }, () => 1));
    asked.length = 0;
    const made: Decision[] = [
      await session.decide("edit", {}, { object: make() }),
      await policy.decide(scopeOf(), CONSUMER, "edit", {}, { object: make() }),
      await policy.decide(scopeOf(), CONSUMER, "any", {}, { object: make() }),
    ];
    for (const { code, status, by, error } of made) {
      expect(`${code} ${status} ${by}`).toBe(`${refusal} object`);
      expect(String(error)).toContain(advice);
    }
    expect(asked).toEqual([]);
  });

  test.each(given)("%s refuses where a handler asks", async (_, make, refusal) => {
    const ran: unknown[] = [];
    const consumer = defineConsumer().action("edit", lax, async ({ authorize }) => {
      ran.push(await authorize("edit", undefined, { object: make() }));
    });
    const { send, wire } = connect(consumer);
    asked.length = 0;
    send("edit");
    await settled();
    expect(wire.sent).toEqual([`refuse edit ${refusal}`]);
    expect([asked, ran]).toEqual([[], []]);
  });

  test.each(given.slice(4))("%s of a loader refuses, sync or async", async (_, make, refusal) => {
    for (const object of [make, async () => make()]) {
      const ran: unknown[] = [];
      const consumer = defineConsumer().action("edit", AllowAny, { object: object as never }, () => ran.push(1));
      const { send, wire } = connect(consumer);
      send("edit");
      await settled();
      expect(wire.sent).toEqual([`refuse edit ${refusal}`]);
      expect(ran).toEqual([]);
    }
  });
});

test("nothing is not found, all else is an object", () => {
  for (const nothing of [undefined, null])
    expect(readLoaded(nothing)).toMatchObject({ code: "not_found", status: 404 });
  const note = withThen({ outcome: "allow", code: "x" }, { value: "a field", enumerable: true });
  for (const object of [note, 1, "a", 7n, [], () => 1, { ...deny("copy") }]) {
    expect(readLoaded(object)).toEqual({ object });
  }
});

test("a proxy whose prototype cannot be read is an object", () => {
  const proxy = new Proxy(
    {},
    {
      getPrototypeOf() {
        throw new Error("no");
      },
    },
  );
  expect((readLoaded(proxy) as { object: unknown }).object).toBe(proxy);
});
