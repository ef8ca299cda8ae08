import { describe, expectTypeOf, test } from "vitest";
import { type AppScope, hasQuota, InTenant, IsOwner, isBanned, isMember, type Membership } from "../../../test/app.js";
import { abstain, allow, deny } from "../../decision/answers.js";
import { BasePermission } from "../base-permission.js";
import { AllowAny } from "../built-in/allow-any.js";
import { DenyAll } from "../built-in/deny-all.js";
import { HasRole } from "../built-in/has-role.js";
import { IsAuthenticated } from "../built-in/is-authenticated.js";
import { permission } from "../function-rule.js";
import type { AsyncOf, EvidenceOf, GuaranteeOf, ScopeOf } from "../infer.js";
import { and } from "./and.js";
import { not } from "./not.js";
import { or } from "./or.js";

class InRoom extends BasePermission<AppScope, { readonly room: "a"; readonly seat: number }> {
  override hasPermission(): boolean {
    return true;
  }
}
class InLobby extends BasePermission<AppScope, { readonly room: "b"; readonly floor: 1 }> {
  override hasPermission(): boolean {
    return true;
  }
}
interface Somebody {
  readonly user: NonNullable<unknown>;
}

test("or() needs everything its operands need", () => {
  const either = or(AllowAny, [IsOwner, InTenant]);
  expectTypeOf<keyof ScopeOf<typeof either>>().toEqualTypeOf<keyof AppScope | "tenant">();
});

describe("the guarantee of or()", () => {
  test("the common keys, with the union of their types", () => {
    const either = or(InRoom, InLobby);
    expectTypeOf<GuaranteeOf<typeof either>>().toEqualTypeOf<{ readonly room: "a" | "b" }>();
  });
  test("instances, lists and combinations are branches like any other", () => {
    const either = or(new InRoom(), [isBanned, InLobby], and(InRoom, IsAuthenticated));
    expectTypeOf<GuaranteeOf<typeof either>>().toEqualTypeOf<{ readonly room: "a" | "b" }>();
  });
  test("nothing where the branches have no key in common", () => {
    const either = or(IsAuthenticated, InRoom);
    expectTypeOf<GuaranteeOf<typeof either>>().toEqualTypeOf<unknown>();
  });
  test("nothing where one branch guarantees nothing", () => {
    const rule = or(IsAuthenticated, isBanned);
    expectTypeOf<GuaranteeOf<typeof rule>>().toEqualTypeOf<unknown>();
    const open = or(IsAuthenticated, AllowAny);
    expectTypeOf<GuaranteeOf<typeof open>>().toEqualTypeOf<unknown>();
    const negated = or(IsAuthenticated, not(IsAuthenticated));
    expectTypeOf<GuaranteeOf<typeof negated>>().toEqualTypeOf<unknown>();
  });
  test("a branch that never allows does not count", () => {
    const either = or(DenyAll, IsAuthenticated);
    expectTypeOf<GuaranteeOf<typeof either>>().toEqualTypeOf<Somebody>();
    const deep = or(and(InRoom, DenyAll), IsAuthenticated, [isBanned, DenyAll]);
    expectTypeOf<GuaranteeOf<typeof deep>>().toEqualTypeOf<Somebody>();
    const closed = or(DenyAll, new DenyAll());
    expectTypeOf<GuaranteeOf<typeof closed>>().toEqualTypeOf<never>();
  });
  test("the common guarantee of nested or()", () => {
    const deep = or(or(InRoom, InLobby), or(InRoom, or(InLobby)));
    expectTypeOf<GuaranteeOf<typeof deep>>().toEqualTypeOf<{ readonly room: "a" | "b" }>();
    const alike = or(IsAuthenticated, HasRole("admin"), and(HasRole("auditor"), InRoom));
    expectTypeOf<GuaranteeOf<typeof alike>>().toEqualTypeOf<Somebody>();
  });
});

describe("the evidence of or()", () => {
  test("keys of every branch are required, others are optional", () => {
    const guest = permission("guest", ({ scope }) =>
      scope.user ? allow({ membership: null, via: "link" }) : deny("no_link"),
    );
    const either = or(isMember, guest);
    expectTypeOf<EvidenceOf<typeof either>>().toEqualTypeOf<{
      readonly membership: Membership | null;
      readonly via?: "link";
    }>();
  });
  test("a branch without evidence makes every key optional", () => {
    const either = or(isMember, IsOwner);
    expectTypeOf<EvidenceOf<typeof either>>().toEqualTypeOf<{ readonly membership?: Membership }>();
    const open = or(isMember, AllowAny);
    expectTypeOf<EvidenceOf<typeof open>>().toEqualTypeOf<{ readonly membership?: Membership }>();
  });
  test("a branch that may abstain makes its keys optional", () => {
    const maybe = permission("maybe", ({ payload }) => (payload.a === 1 ? allow({ a: 1 }) : abstain()));
    const either = or(isMember, maybe);
    expectTypeOf<EvidenceOf<typeof either>>().toEqualTypeOf<{ readonly membership?: Membership }>();
  });
  test("a branch that never allows does not count", () => {
    const either = or(isMember, DenyAll);
    expectTypeOf<EvidenceOf<typeof either>>().toEqualTypeOf<{ readonly membership: Membership }>();
    const never = permission("never", () => deny("closed"));
    const other = or(never, isMember);
    expectTypeOf<EvidenceOf<typeof other>>().toEqualTypeOf<{ readonly membership: Membership }>();
  });
  test("keys of merged evidence and nested or() are joined", () => {
    const either = or(and(isMember, hasQuota), or(hasQuota, IsOwner));
    expectTypeOf<keyof EvidenceOf<typeof either>>().toEqualTypeOf<"membership" | "left">();
    expectTypeOf<EvidenceOf<typeof either>["membership"]>().toEqualTypeOf<Membership | undefined>();
    expectTypeOf<EvidenceOf<typeof either>["left"]>().toEqualTypeOf<number | undefined>();
  });
  test("is unknown where no branch carries any", () => {
    const none = or(IsOwner, isBanned, not(isMember));
    expectTypeOf<EvidenceOf<typeof none>>().toEqualTypeOf<unknown>();
  });
});

test("or() may answer later where one branch may", () => {
  const sync = or(IsOwner, isBanned);
  expectTypeOf<AsyncOf<typeof sync>>().toEqualTypeOf<false>();
  const later = or(IsOwner, [AllowAny, isMember]);
  expectTypeOf<AsyncOf<typeof later>>().toEqualTypeOf<boolean>();
});

test("misuse of or()", () => {
  // @ts-expect-error at least one
  or();
  // @ts-expect-error an empty list
  or([]);
  // @ts-expect-error a bare function
  or(IsOwner, () => true);
  // @ts-expect-error a factory that was not called
  or(HasRole);
  // @ts-expect-error a string
  or("admin");
  // @ts-expect-error an object
  or({});
});
