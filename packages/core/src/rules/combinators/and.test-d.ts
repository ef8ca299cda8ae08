import { describe, expectTypeOf, test } from "vitest";
import { type AppScope, HasMembership, hasQuota, InTenant, IsOwner, isBanned, isMember } from "../../../test/app.js";
import { abstain, allow } from "../../decision/answers.js";
import { BasePermission } from "../base-permission.js";
import { AllowAny } from "../built-in/allow-any.js";
import { DenyAll } from "../built-in/deny-all.js";
import { HasRole } from "../built-in/has-role.js";
import { IsAuthenticated, type SignedIn } from "../built-in/is-authenticated.js";
import { permission } from "../function-rule.js";
import type { AsyncOf, EvidenceOf, GuaranteeOf, NarrowedScope, ScopeOf } from "../infer.js";
import type { Rule } from "../permission.js";
import { and } from "./and.js";
import { not } from "./not.js";
import { or } from "./or.js";

class InRoom extends BasePermission<AppScope, { readonly room: "a" }> {
  override hasPermission(): boolean {
    return true;
  }
}
class InLobby extends BasePermission<AppScope, { readonly room: "b"; readonly floor: 1 }> {
  override hasPermission(): boolean {
    return true;
  }
}

describe("the needs of and()", () => {
  test("everything its operands need", () => {
    const both = and(IsOwner, InTenant);
    expectTypeOf<keyof ScopeOf<typeof both>>().toEqualTypeOf<keyof AppScope | "tenant">();
    expectTypeOf<ScopeOf<typeof both>["tenant"]>().toEqualTypeOf<string>();
  });
  test("nothing where no operand needs anything", () => {
    const free = and(AllowAny, DenyAll);
    expectTypeOf<keyof ScopeOf<typeof free>>().toEqualTypeOf<never>();
  });
  test("however deep the operand lies, and in a list too", () => {
    const deep = and(AllowAny, or(DenyAll, not(and([AllowAny, InTenant], AllowAny))));
    expectTypeOf<ScopeOf<typeof deep>["tenant"]>().toEqualTypeOf<string>();
  });
});

describe("the guarantee of and()", () => {
  test("everything its operands guarantee", () => {
    const both = and(IsAuthenticated, InTenant);
    expectTypeOf<GuaranteeOf<typeof both>>().toEqualTypeOf<SignedIn & { readonly tenant: "acme" }>();
  });
  test("classes, instances, rules, combinations and lists count alike", () => {
    const classes = and(IsAuthenticated, InRoom);
    const instances = and(new IsAuthenticated(), new InRoom());
    const lists = and([IsAuthenticated, isBanned], [new InRoom()]);
    const nested = and(and(IsAuthenticated), and(isBanned, and([InRoom])));
    type Expected = SignedIn & { readonly room: "a" };
    expectTypeOf<GuaranteeOf<typeof classes>>().toEqualTypeOf<Expected>();
    expectTypeOf<GuaranteeOf<typeof instances>>().toEqualTypeOf<Expected>();
    expectTypeOf<GuaranteeOf<typeof lists>>().toEqualTypeOf<Expected>();
    expectTypeOf<GuaranteeOf<typeof nested>>().toEqualTypeOf<Expected>();
  });
  test("nothing where no operand guarantees anything", () => {
    const none = and(isBanned, AllowAny);
    expectTypeOf<GuaranteeOf<typeof none>>().toEqualTypeOf<unknown>();
  });
  test("the union of an or() stays whole", () => {
    const rooms = and(or(InRoom, InLobby), IsAuthenticated);
    expectTypeOf<GuaranteeOf<typeof rooms>>().toEqualTypeOf<{ readonly room: "a" | "b" } & SignedIn>();
    expectTypeOf<NarrowedScope<{ readonly room: string }, typeof rooms>["room"]>().toEqualTypeOf<"a" | "b">();
  });
  test("two or() that share a key: what both leave open", () => {
    const twice = and(or(InRoom, InLobby), or(InLobby, InLobby));
    expectTypeOf<NarrowedScope<{ readonly room: string }, typeof twice>["room"]>().toEqualTypeOf<"b">();
  });
  test("with DenyAll nobody passes", () => {
    const closed = and(IsAuthenticated, DenyAll);
    expectTypeOf<GuaranteeOf<typeof closed>>().toEqualTypeOf<never>();
    expectTypeOf<NarrowedScope<AppScope, typeof closed>>().toEqualTypeOf<never>();
  });
  test("the guarantee that not() drops stays dropped", () => {
    const kept = and(IsAuthenticated, not(HasRole("admin")));
    expectTypeOf<GuaranteeOf<typeof kept>>().toEqualTypeOf<SignedIn>();
    const dropped = and(not(IsAuthenticated), isBanned);
    expectTypeOf<GuaranteeOf<typeof dropped>>().toEqualTypeOf<unknown>();
  });
});

describe("the evidence of and()", () => {
  test("is merged", () => {
    const both = and(isMember, IsOwner, hasQuota);
    expectTypeOf<EvidenceOf<typeof both>["membership"]["role"]>().toEqualTypeOf<"owner" | "guest">();
    expectTypeOf<EvidenceOf<typeof both>["left"]>().toEqualTypeOf<number>();
  });
  test("comes from class rules, in lists too", () => {
    const both = and([HasMembership, IsOwner], hasQuota);
    expectTypeOf<keyof EvidenceOf<typeof both>>().toEqualTypeOf<"membership" | "left">();
  });
  test("is unknown where no operand carries any", () => {
    const none = and(IsOwner, isBanned);
    expectTypeOf<EvidenceOf<typeof none>>().toEqualTypeOf<unknown>();
  });
  test("of an operand that may abstain does not count", () => {
    const maybe = permission("maybe", ({ payload }) => (payload.a === 1 ? allow({ a: 1 }) : abstain()));
    const both = and(maybe, hasQuota);
    expectTypeOf<keyof EvidenceOf<typeof both>>().toEqualTypeOf<"left">();
  });
  test("of an or() keeps its optional keys", () => {
    const both = and(or(isMember, hasQuota), IsAuthenticated);
    expectTypeOf<EvidenceOf<typeof both>["left"]>().toEqualTypeOf<number | undefined>();
  });
});

describe("when and() answers", () => {
  test("at once where every operand does", () => {
    const sync = and(IsOwner, isBanned, [HasRole("admin"), AllowAny]);
    expectTypeOf<AsyncOf<typeof sync>>().toEqualTypeOf<false>();
  });
  test("perhaps later where one operand does", () => {
    const later = and(IsOwner, isBanned, [isMember]);
    expectTypeOf<AsyncOf<typeof later>>().toEqualTypeOf<boolean>();
    const only = and(isMember, HasMembership);
    expectTypeOf<AsyncOf<typeof only>>().toEqualTypeOf<true>();
  });
});

test("a rule with an erased scope type accepts no scope", () => {
  const blind: Rule = InTenant.prototype as unknown as Rule;
  const both = and(blind, AllowAny);
  expectTypeOf<ScopeOf<typeof both>>().toEqualTypeOf<never>();
});

describe("misuse of and()", () => {
  const hasRole = (role: string) => permission(role, () => true);
  class Plain {
    hasPermission() {
      return true;
    }
  }
  class WithArgument extends BasePermission {
    constructor(readonly role: string) {
      super();
    }
  }
  test("no operand", () => {
    // @ts-expect-error at least one
    and();
    // @ts-expect-error at least one
    and([]);
  });
  test("values other than permissions", () => {
    // @ts-expect-error a bare function
    and(() => true);
    // @ts-expect-error a bare async function
    and(IsOwner, async () => true);
    // @ts-expect-error a factory that was not called
    and(HasRole);
    // @ts-expect-error a factory that was not called
    and(IsOwner, hasRole);
    // @ts-expect-error in a list too
    and([IsOwner, hasRole]);
    // @ts-expect-error a string
    and("IsAuthenticated");
    // @ts-expect-error a boolean
    and(true);
    // @ts-expect-error nothing
    and(undefined);
    // @ts-expect-error an object
    and({});
    // @ts-expect-error an object that looks like a rule
    and({ hasPermission: () => true });
    // @ts-expect-error a class that extends nothing
    and(Plain);
    // @ts-expect-error a decision
    and(allow());
  });
  test("a class with constructor arguments needs an instance", () => {
    // @ts-expect-error it is made without arguments
    and(WithArgument);
    expectTypeOf(and(new WithArgument("x")).name).toEqualTypeOf<string>();
  });
  test("a list that may be empty", () => {
    const rules: (typeof IsOwner)[] = [];
    // @ts-expect-error it may be empty
    and(rules);
    // @ts-expect-error it may be empty
    and(...rules);
  });
});
