import { definePolicy, HasRole, IsAuthenticated, permission, permissionsFor } from "@portcullis/core";
import { consumerOf, scopeOf, testPermission } from "@portcullis/testing/permission-suite";
import { describe, expect, expectTypeOf, test } from "vitest";

interface AppScope {
  readonly user: { readonly id: number; readonly roles: readonly string[] } | null;
}

describe("a scope with given fields", () => {
  test("is otherwise that of an anonymous client", () => {
    expect(scopeOf()).toEqual({
      transport: "test",
      path: "/",
      query: {},
      headers: {},
      cookies: {},
      origin: undefined,
      remoteAddress: undefined,
      secure: false,
      subprotocols: [],
      connectedAt: 0,
      user: null,
      request: undefined,
    });
    expect(scopeOf({ path: "/chat", tenant: "a" })).toEqual({ ...scopeOf(), path: "/chat", tenant: "a" });
  });

  test("is frozen, as that of a guard is", () => {
    const user = { id: 1 };
    const scope = scopeOf({ user });
    expect(Object.isFrozen(scope)).toBe(true);
    expect(scope.user).toBe(user);
    expect(Object.isFrozen(user)).toBe(false);
  });

  test("has the type of the given fields, which a policy checks", () => {
    const { definePolicy, permission } = permissionsFor<AppScope>();
    const isOne = permission("isOne", ({ scope }) => scope.user?.id === 1);
    const policy = definePolicy({ actions: { read: isOne } });
    const scope = scopeOf({ user: { id: 1, roles: ["editor"] } });
    expectTypeOf(scope.user.id).toEqualTypeOf<number>();
    expectTypeOf(scope.path).toEqualTypeOf<string>();
    expect(policy.decide(scope, consumerOf(), "read").outcome).toBe("allow");
    expect(policy.decide(scopeOf({ user: null }), consumerOf(), "read").outcome).toBe("deny");
    // @ts-expect-error The rules need an `id`.
    expect(policy.decide(scopeOf({ user: { name: "ann" } }), consumerOf(), "read").outcome).toBe("deny");
  });

  test("is enough for the built-in rules", () => {
    const policy = definePolicy({ connect: IsAuthenticated, actions: { edit: HasRole("editor") } });
    expect(policy.decideConnect(scopeOf(), consumerOf()).status).toBe(401);
    expect(policy.decide(scopeOf({ user: { roles: ["editor"] } }), consumerOf(), "edit").outcome).toBe("allow");
  });
});

describe("a consumer with given members", () => {
  test("is otherwise no connection, and close() does nothing", () => {
    expect(consumerOf()).toEqual({ id: "test", transport: "test", raw: undefined, close: expect.any(Function) });
    expect(consumerOf().close(1000)).toBeUndefined();
    expect(consumerOf()).not.toBe(consumerOf());
    const raw = {};
    expect(consumerOf({ id: "7", raw })).toMatchObject({ id: "7", transport: "test", raw });
  });

  test("is that of a row of a truth table", async () => {
    const isSeven = permission("isSeven", ({ consumer }) => consumer.id === "7");
    await testPermission(isSeven, [{ consumer: { id: "7" }, want: "allow" }, { want: "deny" }]);
  });
});

test.each([["ann"], [7], [[]], [null]])("%j is no object of fields", (known) => {
  expect(() => scopeOf(known as never)).toThrow(
    "scopeOf() takes an object of what is known, as in scopeOf({ user: { id: 1 } })",
  );
  expect(() => consumerOf(known as never)).toThrow(
    "consumerOf() takes an object of what is known, as in consumerOf({ id: '1' })",
  );
});
