import { describe, expectTypeOf, test } from "vitest";
import {
  type AppScope,
  InTenant,
  IsOwner,
  isMember,
  needsTenant,
  Sneaky,
  type TenantScope,
  type User,
} from "../../test/app.js";
import { allow, deny } from "../decision/answers.js";
import type { Decision } from "../decision/decision-types.js";
import { AllowAny } from "../rules/built-in/allow-any.js";
import { HasRole } from "../rules/built-in/has-role.js";
import { IsAuthenticated } from "../rules/built-in/is-authenticated.js";
import { and } from "../rules/combinators/and.js";
import { not } from "../rules/combinators/not.js";
import { or } from "../rules/combinators/or.js";
import { permission as barePermission } from "../rules/function-rule.js";
import type { Rule } from "../rules/permission.js";
import type { ConnectContext, Consumer, Context, ObjectContext, Scope, StandardSchema } from "../types.js";
import { permissionsFor } from "./permissions-for.js";
import type { Policy } from "./policy-types.js";

const { permission, definePolicy } = permissionsFor<AppScope>();
declare const app: AppScope;
declare const consumer: Consumer;
declare const schema: StandardSchema<unknown, { readonly room: string }>;

describe("permission() bound to a scope", () => {
  test("its functions see that scope without an annotation", () => {
    const isBanned = permission("isBanned", ({ scope }) => scope.user?.isBanned ?? false);
    expectTypeOf(isBanned).toEqualTypeOf<Rule<AppScope, unknown, unknown, false>>();
    permission("a", (context) => {
      expectTypeOf(context).toEqualTypeOf<Context<AppScope>>();
      return true;
    });
  });
  test("its evidence and whether it is async are inferred", () => {
    const rule = permission("a", async ({ scope }) => (scope.user ? allow({ user: scope.user }) : deny("no")));
    expectTypeOf(rule).toEqualTypeOf<Rule<AppScope, unknown, { readonly user: User }, true>>();
  });
  test("its parts see that scope", () => {
    const rule = permission("a", {
      connect: (context) => {
        expectTypeOf(context).toEqualTypeOf<ConnectContext<AppScope>>();
        return true;
      },
      action: async ({ scope }) => scope.user !== null,
      object: (context: ObjectContext<AppScope, { author: number }>) =>
        context.scope.user?.id === context.object.author,
    });
    expectTypeOf(rule).toEqualTypeOf<Rule<AppScope, unknown, unknown, boolean>>();
  });
  test("its schemas too", () => {
    permission("a", { payload: schema }, ({ scope, payload }) => {
      expectTypeOf(scope).toEqualTypeOf<AppScope>();
      expectTypeOf(payload).toEqualTypeOf<{ readonly room: string }>();
      return true;
    });
  });
  test("missing properties of that scope are errors", () => {
    // @ts-expect-error no tenant
    permission("a", ({ scope }) => scope.tenant === "acme");
    // @ts-expect-error the user may be null
    permission("a", ({ scope }) => scope.user.isBanned);
  });
  test("an annotation may need more, and so does the policy", () => {
    const rule = permission("a", ({ scope }: Context<TenantScope>) => scope.tenant === "acme");
    expectTypeOf(rule).toEqualTypeOf<Rule<TenantScope, unknown, unknown, false>>();
    // @ts-expect-error tenant is missing
    definePolicy({ permissions: rule });
  });
});

describe("definePolicy() bound to a scope", () => {
  test("takes rules that need no more, and needs it", () => {
    const small = barePermission("small", ({ scope }: Context<Scope>) => scope.secure);
    const policy = definePolicy({
      connect: and(IsAuthenticated, not(isMember)),
      permissions: [small, IsOwner],
      actions: { a: AllowAny, b: new IsOwner(), c: { rule: or(IsOwner, HasRole("x")), concurrent: true }, d: [small] },
    });
    expectTypeOf(policy).toExtend<Policy<AppScope>>();
    expectTypeOf(policy.decide).parameter(0).toEqualTypeOf<AppScope>();
    expectTypeOf(policy.decide(app, consumer, "c")).toEqualTypeOf<Decision>();
    expectTypeOf(policy.decideConnect(app, consumer)).toEqualTypeOf<Decision | Promise<Decision>>();
    // @ts-expect-error the rest of the scope is missing
    policy.decide({ user: null }, consumer, "a");
  });
  test("rejects a rule that needs more, wherever it stands", () => {
    // @ts-expect-error tenant is missing
    definePolicy({ permissions: InTenant });
    // @ts-expect-error tenant is missing
    definePolicy({ permissions: new InTenant() });
    // @ts-expect-error tenant is missing
    definePolicy({ permissions: needsTenant });
    // @ts-expect-error tenant is missing
    definePolicy({ permissions: [IsAuthenticated, needsTenant] });
    // @ts-expect-error tenant is missing
    definePolicy({ connect: and(IsAuthenticated, needsTenant), permissions: AllowAny });
    // @ts-expect-error tenant is missing
    definePolicy({ permissions: not(or(IsOwner, and(AllowAny, [InTenant]))) });
    // @ts-expect-error tenant is missing
    definePolicy({ actions: { a: AllowAny, b: needsTenant } });
    // @ts-expect-error tenant is missing
    definePolicy({ actions: { a: AllowAny, b: { rule: InTenant } } });
    // @ts-expect-error tenant is missing
    definePolicy({ actions: { a: AllowAny, b: [AllowAny, InTenant] } });
  });
  test("is the scope of a permission that is written inline", () => {
    definePolicy({ actions: { a: { rule: permission("o", ({ scope }) => scope.user?.id === 1) } } });
    definePolicy({ actions: { a: { rule: barePermission("o", ({ scope }) => scope.user !== null) } } });
    // @ts-expect-error tenant is missing
    definePolicy({ actions: { a: { rule: permission("o", ({ scope }) => scope.tenant !== "") } } });
  });
  test("rejects what only a method asks for", () => {
    // @ts-expect-error tenant is missing
    definePolicy({ connect: Sneaky, permissions: AllowAny });
    // @ts-expect-error tenant is missing
    definePolicy({ permissions: new Sneaky() });
    // @ts-expect-error tenant is missing
    definePolicy({ permissions: [AllowAny, Sneaky] });
    // @ts-expect-error tenant is missing
    definePolicy({ permissions: and(AllowAny, Sneaky) });
    // @ts-expect-error tenant is missing
    definePolicy({ actions: { a: Sneaky } });
    // @ts-expect-error tenant is missing
    definePolicy({ actions: { a: { rule: Sneaky } } });
  });
  test("rejects a field of another type", () => {
    const other = barePermission("other", ({ scope }: { scope: { readonly path: number } }) => scope.path === 1);
    // @ts-expect-error the path is a string
    definePolicy({ permissions: other });
  });
  test("finds the other mistakes as well", () => {
    // @ts-expect-error a bare function
    definePolicy({ permissions: () => true });
    // @ts-expect-error a factory that was not called
    definePolicy({ actions: { a: HasRole } });
    // @ts-expect-error an empty list
    definePolicy({ permissions: [] });
    // @ts-expect-error `permissions`
    definePolicy({ permission: AllowAny });
    // @ts-expect-error `concurrent`
    definePolicy({ actions: { a: { rule: AllowAny, concurent: true } } });
  });
});
