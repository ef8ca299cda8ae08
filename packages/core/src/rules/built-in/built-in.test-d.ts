import { describe, expectTypeOf, test } from "vitest";
import type { AppScope, User } from "../../../test/app.js";
import { permissionsFor } from "../../policy/permissions-for.js";
import type { Scope } from "../../types.js";
import type { BasePermission } from "../base-permission.js";
import { and } from "../combinators/and.js";
import type { AsyncOf, EvidenceOf, GuaranteeOf, NarrowedScope, ScopeOf } from "../infer.js";
import type { RoleScope, UserScope } from "../user-types.js";
import { AllowAny } from "./allow-any.js";
import { DenyAll } from "./deny-all.js";
import { HasRole } from "./has-role.js";
import type { SignedIn } from "./is-authenticated.js";
import { IsAuthenticatedOrReadOnly } from "./is-authenticated-or-read-only.js";

test("AllowAny needs nothing, guarantees nothing, answers at once", () => {
  expectTypeOf<keyof ScopeOf<typeof AllowAny>>().toEqualTypeOf<never>();
  expectTypeOf<GuaranteeOf<typeof AllowAny>>().toEqualTypeOf<unknown>();
  expectTypeOf<EvidenceOf<typeof AllowAny>>().toEqualTypeOf<unknown>();
  expectTypeOf<AsyncOf<typeof AllowAny>>().toEqualTypeOf<false>();
  expectTypeOf<NarrowedScope<AppScope, AllowAny>>().toEqualTypeOf<AppScope>();
});

describe("DenyAll", () => {
  test("needs nothing, lets nobody behind it, answers at once", () => {
    expectTypeOf<keyof ScopeOf<typeof DenyAll>>().toEqualTypeOf<never>();
    expectTypeOf<GuaranteeOf<typeof DenyAll>>().toEqualTypeOf<never>();
    expectTypeOf<EvidenceOf<typeof DenyAll>>().toEqualTypeOf<never>();
    expectTypeOf<AsyncOf<typeof DenyAll>>().toEqualTypeOf<false>();
    expectTypeOf<NarrowedScope<AppScope, DenyAll>>().toEqualTypeOf<never>();
  });
  test("no subclass of it can allow", () => {
    class Leaky extends DenyAll {
      // @ts-expect-error only false fits
      override hasPermission() {
        return true;
      }
    }
    expectTypeOf<Leaky>().toExtend<BasePermission<never>>();
  });
});

describe("HasRole", () => {
  const rule = HasRole("admin", "auditor");
  test("needs only the user and guarantees somebody", () => {
    expectTypeOf<ScopeOf<typeof rule>>().toEqualTypeOf<RoleScope>();
    expectTypeOf<GuaranteeOf<typeof rule>>().toEqualTypeOf<SignedIn>();
    expectTypeOf<NarrowedScope<AppScope, typeof rule>["user"]>().toEqualTypeOf<User>();
  });
  test("answers at once and carries no evidence", () => {
    expectTypeOf<AsyncOf<typeof rule>>().toEqualTypeOf<false>();
    expectTypeOf<EvidenceOf<typeof rule>>().toEqualTypeOf<unknown>();
  });
  test("accepts every user that may have roles", () => {
    type Claims = Scope & { readonly user: { readonly [claim: string]: unknown; sub?: string } | string };
    permissionsFor<Scope & { readonly user: { roles: ReadonlySet<"admin" | "guest"> } }>().definePolicy({
      permissions: rule,
    });
    permissionsFor<Scope & { readonly user: { roles?: string[] | null } | null }>().definePolicy({ permissions: rule });
    permissionsFor<Scope & { readonly user: { id: 1 } | { roles: string[] } }>().definePolicy({ permissions: rule });
    permissionsFor<Scope & { readonly user: { roles: unknown } }>().definePolicy({ permissions: rule });
    permissionsFor<Claims>().definePolicy({ permissions: rule });
    permissionsFor<Scope>().definePolicy({ permissions: rule });
  });
  test("does not accept users whose roles it cannot read", () => {
    // @ts-expect-error no roles
    permissionsFor<Scope & { readonly user: { id: number } | null }>().definePolicy({ permissions: rule });
    // @ts-expect-error one role
    permissionsFor<Scope & { readonly user: { roles: string } }>().definePolicy({ permissions: rule });
    // @ts-expect-error a role is a text
    permissionsFor<Scope & { readonly user: { roles: number[] } }>().definePolicy({ permissions: and(AllowAny, rule) });
    // @ts-expect-error perhaps one role
    permissionsFor<Scope & { readonly user: { roles: string | string[] } }>().definePolicy({ actions: { a: rule } });
    // @ts-expect-error no text
    permissionsFor<Scope & { readonly user: string }>().definePolicy({ permissions: rule });
  });
  test("misuse", () => {
    // @ts-expect-error at least one role
    HasRole();
    // @ts-expect-error a list is not a name
    HasRole(["admin"]);
    // @ts-expect-error a number is not a name
    HasRole(1);
  });
});

describe("IsAuthenticatedOrReadOnly", () => {
  const rule = IsAuthenticatedOrReadOnly({ readOnly: ["list", "retrieve"] });
  test("needs only the user, and does not guarantee one", () => {
    expectTypeOf<ScopeOf<typeof rule>>().toEqualTypeOf<UserScope>();
    expectTypeOf<GuaranteeOf<typeof rule>>().toEqualTypeOf<unknown>();
    expectTypeOf<NarrowedScope<AppScope, typeof rule>>().toEqualTypeOf<AppScope>();
    expectTypeOf<AsyncOf<typeof rule>>().toEqualTypeOf<false>();
  });
  test("misuse", () => {
    // @ts-expect-error which actions only read must be said
    IsAuthenticatedOrReadOnly();
    // @ts-expect-error which actions only read must be said
    IsAuthenticatedOrReadOnly({});
    // @ts-expect-error a list of names
    IsAuthenticatedOrReadOnly({ readOnly: "list" });
    // @ts-expect-error a list of names
    IsAuthenticatedOrReadOnly({ readOnly: [/list/] });
    // @ts-expect-error not spread
    IsAuthenticatedOrReadOnly("list", "retrieve");
  });
});
