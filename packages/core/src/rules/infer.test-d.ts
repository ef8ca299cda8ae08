import { describe, expectTypeOf, test } from "vitest";
import type {
  AppScope,
  HasMembership,
  hasQuota,
  InTenant,
  IsOwner,
  isBanned,
  isMember,
  Membership,
  Sneaky,
  TenantScope,
} from "../../test/app.js";
import { type Abstain, type Answer, abstain, allow, deny, fault } from "../decision/answers.js";
import type { Decision } from "../decision/decision-types.js";
import type { MaybePromise, Scope } from "../types.js";
import { BasePermission } from "./base-permission.js";
import type { AllowAny } from "./built-in/allow-any.js";
import type { IsAuthenticated, SignedIn } from "./built-in/is-authenticated.js";
import { permission } from "./function-rule.js";
import type {
  AsyncOf,
  CheckScope,
  EvidenceOf,
  GuaranteeOf,
  MaybeLater,
  NarrowedScope,
  PermissionLike,
  ScopeOf,
} from "./infer.js";
import type { Rule } from "./permission.js";

declare const yes: boolean;

describe("the guarantee of a class rule", () => {
  type Room = { readonly room: "a" };
  test("holds when it never abstains from an action", () => {
    class Sync extends BasePermission<AppScope, Room> {
      override hasPermission() {
        return yes ? allow() : deny("no");
      }
    }
    class Later extends BasePermission<AppScope, Room> {
      override async hasPermission() {
        return yes;
      }
    }
    class Failing extends BasePermission<AppScope, Room> {
      override hasPermission() {
        return yes || fault("down");
      }
    }
    expectTypeOf<GuaranteeOf<typeof Sync>>().toEqualTypeOf<Room>();
    expectTypeOf<GuaranteeOf<typeof Later>>().toEqualTypeOf<Room>();
    expectTypeOf<GuaranteeOf<typeof Failing>>().toEqualTypeOf<Room>();
  });
  test("nothing where it is asked at connect only", () => {
    class Connects extends BasePermission<AppScope, Room> {
      override canConnect() {
        return yes;
      }
    }
    expectTypeOf<GuaranteeOf<typeof Connects>>().toEqualTypeOf<unknown>();
    expectTypeOf<GuaranteeOf<Connects>>().toEqualTypeOf<unknown>();
    expectTypeOf<GuaranteeOf<readonly [Connects]>>().toEqualTypeOf<unknown>();
  });
  test("nothing where it is asked about objects only", () => {
    class Objects extends BasePermission<AppScope, Room> {
      override hasObjectPermission() {
        return yes;
      }
    }
    expectTypeOf<GuaranteeOf<typeof Objects>>().toEqualTypeOf<unknown>();
  });
  test("nothing where it may abstain, now or later", () => {
    class Abstains extends BasePermission<AppScope, Room> {
      override hasPermission() {
        return yes || abstain();
      }
    }
    class AbstainsLater extends BasePermission<AppScope, Room> {
      override async hasPermission() {
        return yes || abstain();
      }
    }
    class Anything extends BasePermission<AppScope, Room> {
      override hasPermission(): MaybePromise<Answer> {
        return yes;
      }
    }
    expectTypeOf<GuaranteeOf<typeof Abstains>>().toEqualTypeOf<unknown>();
    expectTypeOf<GuaranteeOf<typeof AbstainsLater>>().toEqualTypeOf<unknown>();
    expectTypeOf<GuaranteeOf<typeof Anything>>().toEqualTypeOf<unknown>();
  });
  test("nothing where it is known as a permission only", () => {
    expectTypeOf<GuaranteeOf<BasePermission<AppScope, Room>>>().toEqualTypeOf<unknown>();
  });
  test("one of two where it is one of two", () => {
    expectTypeOf<GuaranteeOf<typeof IsAuthenticated | typeof InTenant>>().toEqualTypeOf<
      SignedIn | { readonly tenant: "acme" }
    >();
    expectTypeOf<GuaranteeOf<typeof IsAuthenticated | typeof IsOwner>>().toEqualTypeOf<unknown>();
  });
  test("a rule in function style guarantees nothing", () => {
    expectTypeOf<GuaranteeOf<typeof isMember>>().toEqualTypeOf<unknown>();
  });
});

describe("the needs of a class rule", () => {
  test("are those that it declares", () => {
    expectTypeOf<ScopeOf<typeof IsOwner>>().toEqualTypeOf<AppScope>();
    expectTypeOf<ScopeOf<IsOwner>>().toEqualTypeOf<AppScope>();
  });
  test("and what each of its methods asks for", () => {
    class Connects extends BasePermission<Scope> {
      override canConnect(scope: TenantScope) {
        return scope.tenant === "acme";
      }
    }
    class Objects extends BasePermission<Scope> {
      override hasObjectPermission(scope: TenantScope) {
        return scope.tenant === "acme";
      }
    }
    expectTypeOf<ScopeOf<typeof Sneaky>["tenant"]>().toEqualTypeOf<string>();
    expectTypeOf<ScopeOf<typeof Connects>["tenant"]>().toEqualTypeOf<string>();
    expectTypeOf<ScopeOf<Objects>["tenant"]>().toEqualTypeOf<string>();
    expectTypeOf<ScopeOf<readonly [typeof AllowAny, Objects]>["tenant"]>().toEqualTypeOf<string>();
  });
  test("both where it is one of two", () => {
    expectTypeOf<keyof ScopeOf<typeof IsOwner | typeof InTenant>>().toEqualTypeOf<keyof TenantScope>();
  });
});

describe("the evidence of a class rule", () => {
  test("is that of hasPermission, now or later", () => {
    class Sync extends BasePermission<AppScope> {
      override hasPermission() {
        return yes ? allow({ left: 3 as number }) : deny("no");
      }
      override canConnect() {
        return allow({ connected: true });
      }
      override hasObjectPermission() {
        return allow({ object: true });
      }
    }
    expectTypeOf<EvidenceOf<typeof Sync>>().toEqualTypeOf<{ readonly left: number }>();
    expectTypeOf<EvidenceOf<typeof HasMembership>>().toEqualTypeOf<{ readonly membership: Membership }>();
    expectTypeOf<EvidenceOf<HasMembership>>().toEqualTypeOf<{ readonly membership: Membership }>();
  });
  test("stays where it denies by false or by a fault", () => {
    class Denies extends BasePermission<AppScope> {
      override async hasPermission() {
        if (yes) return false;
        return yes ? allow({ left: 3 as number }) : fault("down");
      }
    }
    expectTypeOf<EvidenceOf<typeof Denies>>().toEqualTypeOf<{ readonly left: number }>();
  });
  test("is a union where it allows in two ways", () => {
    const two = permission("two", () => (yes ? allow({ a: "x" as string }) : allow({ b: 1 as number })));
    expectTypeOf<EvidenceOf<typeof two>>().toEqualTypeOf<{ readonly a: string } | { readonly b: number }>();
  });
  test("is unknown where it may allow without", () => {
    const plain = permission("plain", () => yes || allow({ a: 1 }));
    const empty = permission("empty", () => (yes ? allow() : allow({ a: 1 })));
    const abstains = permission("abstains", async () => (yes ? abstain() : allow({ a: 1 })));
    const anything = permission("anything", (): Answer => allow({ a: 1 }));
    expectTypeOf<EvidenceOf<typeof plain>>().toEqualTypeOf<unknown>();
    expectTypeOf<EvidenceOf<typeof empty>>().toEqualTypeOf<unknown>();
    expectTypeOf<EvidenceOf<typeof abstains>>().toEqualTypeOf<unknown>();
    expectTypeOf<EvidenceOf<typeof anything>>().toEqualTypeOf<unknown>();
    class Connects extends BasePermission<AppScope> {
      override canConnect() {
        return allow({ a: 1 });
      }
    }
    expectTypeOf<EvidenceOf<typeof Connects>>().toEqualTypeOf<unknown>();
  });
  test("of a list is merged", () => {
    type Merged = EvidenceOf<readonly [typeof isMember, typeof IsOwner, typeof hasQuota]>;
    expectTypeOf<Merged>().toEqualTypeOf<{ readonly membership: Membership } & { readonly left: number }>();
  });
});

describe("when a class rule answers", () => {
  class Mixed extends BasePermission<AppScope> {
    override hasPermission() {
      return yes;
    }
    override async canConnect() {
      return yes;
    }
  }
  class Either extends BasePermission<AppScope> {
    override hasPermission(): MaybePromise<boolean> {
      return yes;
    }
  }
  test("false for sync, true for async, boolean for either", () => {
    expectTypeOf<AsyncOf<typeof IsOwner>>().toEqualTypeOf<false>();
    expectTypeOf<AsyncOf<typeof HasMembership>>().toEqualTypeOf<true>();
    expectTypeOf<AsyncOf<typeof Mixed>>().toEqualTypeOf<boolean>();
    expectTypeOf<AsyncOf<typeof Either>>().toEqualTypeOf<boolean>();
    expectTypeOf<AsyncOf<BasePermission>>().toEqualTypeOf<boolean>();
    expectTypeOf<AsyncOf<readonly [typeof IsOwner, typeof isBanned]>>().toEqualTypeOf<false>();
    expectTypeOf<AsyncOf<readonly [typeof IsOwner, typeof isMember]>>().toEqualTypeOf<boolean>();
  });
  test("a decision is plain only where nothing may come later", () => {
    expectTypeOf<MaybeLater<false>>().toEqualTypeOf<Decision>();
    expectTypeOf<MaybeLater<never>>().toEqualTypeOf<Decision>();
    expectTypeOf<MaybeLater<true>>().toEqualTypeOf<Decision | Promise<Decision>>();
    expectTypeOf<MaybeLater<boolean>>().toEqualTypeOf<Decision | Promise<Decision>>();
  });
});

describe("the operands of a tree", () => {
  test("with a scope: only what needs no more than it", () => {
    expectTypeOf<typeof IsOwner>().toExtend<PermissionLike<AppScope>>();
    expectTypeOf<readonly [typeof IsAuthenticated, IsOwner]>().toExtend<PermissionLike<AppScope>>();
    expectTypeOf<typeof isMember>().toExtend<PermissionLike<TenantScope>>();
    expectTypeOf<typeof InTenant>().not.toExtend<PermissionLike<AppScope>>();
    expectTypeOf<InTenant>().not.toExtend<PermissionLike<AppScope>>();
    expectTypeOf<readonly [typeof IsOwner, typeof InTenant]>().not.toExtend<PermissionLike<AppScope>>();
  });
  test("the needs of its methods are compared by CheckScope", () => {
    expectTypeOf<typeof Sneaky>().toExtend<PermissionLike<AppScope>>();
    expectTypeOf<CheckScope<AppScope, typeof Sneaky>>().toEqualTypeOf<{
      readonly "scope is missing": { tenant: string };
    }>();
    expectTypeOf<CheckScope<TenantScope, typeof Sneaky>>().toEqualTypeOf<unknown>();
    expectTypeOf<CheckScope<AppScope, typeof IsOwner>>().toEqualTypeOf<unknown>();
  });
  test("a field of another type is missing too", () => {
    type Other = Omit<AppScope, "user"> & { readonly user: string };
    expectTypeOf<CheckScope<Other, typeof IsOwner>>().toEqualTypeOf<{ readonly "scope is missing": AppScope }>();
  });
  test("untyped values neither guarantee nor break anything", () => {
    type Unknown = ReturnType<typeof JSON.parse>; // any
    expectTypeOf<GuaranteeOf<Unknown>>().toEqualTypeOf<unknown>();
    expectTypeOf<EvidenceOf<Unknown>>().toEqualTypeOf<unknown>();
    expectTypeOf<AsyncOf<Unknown>>().toEqualTypeOf<boolean>();
    expectTypeOf<GuaranteeOf<PermissionLike>>().toEqualTypeOf<unknown>();
    expectTypeOf<ScopeOf<Rule>>().toEqualTypeOf<never>();
  });
});

test("a union of scopes is narrowed member by member", () => {
  type Two = { readonly kind: "a"; readonly user: { a: 1 } | null } | { readonly kind: "b"; readonly user: null };
  type Behind = NarrowedScope<Two, typeof IsAuthenticated>;
  expectTypeOf<Extract<Behind, { kind: "a" }>["user"]>().toEqualTypeOf<{ a: 1 }>();
  expectTypeOf<NarrowedScope<AppScope, Abstaining>>().toEqualTypeOf<AppScope>();
});
declare class Abstaining extends BasePermission<AppScope, SignedIn> {
  override hasPermission(): boolean | Abstain;
}
