import { describe, expectTypeOf, test } from "vitest";
import { type AppScope, InTenant, IsOwner, isBanned, isMember, type User } from "../../../test/app.js";
import type { Scope } from "../../types.js";
import { BasePermission } from "../base-permission.js";
import { and } from "../combinators/and.js";
import { not } from "../combinators/not.js";
import { or } from "../combinators/or.js";
import type { AsyncOf, EvidenceOf, GuaranteeOf, NarrowedScope, ScopeOf } from "../infer.js";
import { isSignedIn } from "../user.js";
import type { UserScope } from "../user-types.js";
import { AllowAny } from "./allow-any.js";
import { DenyAll } from "./deny-all.js";
import { HasRole } from "./has-role.js";
import { IsAuthenticated, type SignedIn } from "./is-authenticated.js";

describe("IsAuthenticated", () => {
  test("needs only the user, answers at once, carries no evidence", () => {
    expectTypeOf<ScopeOf<typeof IsAuthenticated>>().toEqualTypeOf<UserScope>();
    expectTypeOf<AsyncOf<typeof IsAuthenticated>>().toEqualTypeOf<false>();
    expectTypeOf<EvidenceOf<typeof IsAuthenticated>>().toEqualTypeOf<unknown>();
  });
  test("guarantees somebody", () => {
    expectTypeOf<GuaranteeOf<typeof IsAuthenticated>>().toEqualTypeOf<SignedIn>();
    expectTypeOf<GuaranteeOf<IsAuthenticated>>().toEqualTypeOf<SignedIn>();
    expectTypeOf<GuaranteeOf<readonly [typeof IsAuthenticated]>>().toEqualTypeOf<SignedIn>();
  });
  test("behind it the user is the application's, and not null", () => {
    expectTypeOf<NarrowedScope<AppScope, typeof IsAuthenticated>["user"]>().toEqualTypeOf<User>();
    expectTypeOf<NarrowedScope<AppScope, IsAuthenticated>["user"]["id"]>().toEqualTypeOf<number>();
  });
  test("behind it an optional, undefined or unknown user is there", () => {
    expectTypeOf<NarrowedScope<{ user?: User }, typeof IsAuthenticated>>().toEqualTypeOf<{ user: User }>();
    expectTypeOf<NarrowedScope<{ user: User | undefined }, typeof IsAuthenticated>["user"]>().toEqualTypeOf<User>();
    expectTypeOf<NarrowedScope<Scope, typeof IsAuthenticated>["user"]>().toEqualTypeOf<NonNullable<unknown>>();
  });
  test("the rest of the scope stays unchanged and readonly", () => {
    type Behind = NarrowedScope<AppScope, typeof IsAuthenticated>;
    expectTypeOf<keyof Behind>().toEqualTypeOf<keyof AppScope>();
    expectTypeOf<Omit<Behind, "user">>().toEqualTypeOf<Omit<AppScope, "user">>();
    expectTypeOf<Pick<Behind, "user">>().toEqualTypeOf<{ readonly user: User }>();
  });
  test("a subclass that changes something else guarantees the same", () => {
    class IsSignedInHere extends IsAuthenticated {
      override canConnect() {
        return true;
      }
    }
    expectTypeOf<NarrowedScope<AppScope, typeof IsSignedInHere>["user"]>().toEqualTypeOf<User>();
  });
  test("isSignedIn narrows a user", () => {
    const user = null as User | null;
    if (isSignedIn(user)) expectTypeOf(user).toEqualTypeOf<User>();
  });
});

describe("behind a combination with IsAuthenticated", () => {
  test("and() keeps it", () => {
    const rule = and(IsAuthenticated, or(isMember, IsOwner), not(isBanned));
    expectTypeOf<NarrowedScope<AppScope, typeof rule>["user"]>().toEqualTypeOf<User>();
    expectTypeOf<NarrowedScope<AppScope, readonly [typeof isBanned, typeof rule]>["user"]>().toEqualTypeOf<User>();
  });
  test("or() keeps it where the other branch guarantees it too", () => {
    const rule = or(IsAuthenticated, HasRole("admin"));
    expectTypeOf<NarrowedScope<AppScope, typeof rule>["user"]>().toEqualTypeOf<User>();
    const deep = or(and(isBanned, HasRole("admin")), and(IsAuthenticated, InTenant), DenyAll);
    expectTypeOf<NarrowedScope<AppScope, typeof deep>["user"]>().toEqualTypeOf<User>();
  });
  test("or() drops it where another branch does not", () => {
    const rule = or(IsAuthenticated, isBanned);
    expectTypeOf<NarrowedScope<AppScope, typeof rule>>().toEqualTypeOf<AppScope>();
    const open = or(IsAuthenticated, AllowAny);
    expectTypeOf<NarrowedScope<AppScope, typeof open>>().toEqualTypeOf<AppScope>();
    const half = or(and(IsAuthenticated, isMember), IsOwner);
    expectTypeOf<NarrowedScope<AppScope, typeof half>["user"]>().toEqualTypeOf<User | null>();
  });
  test("not() drops it", () => {
    const rule = not(IsAuthenticated);
    expectTypeOf<NarrowedScope<AppScope, typeof rule>>().toEqualTypeOf<AppScope>();
  });
  test("a rule of the object phase only does not narrow", () => {
    class IsAuthor extends BasePermission<AppScope, SignedIn> {
      override hasObjectPermission(scope: AppScope, _consumer: unknown, _action: string, object: { author: number }) {
        return scope.user?.id === object.author;
      }
    }
    const rule = or(IsAuthenticated, IsAuthor);
    expectTypeOf<NarrowedScope<AppScope, typeof rule>["user"]>().toEqualTypeOf<User | null>();
  });
});
