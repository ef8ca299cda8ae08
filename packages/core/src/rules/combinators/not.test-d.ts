import { describe, expectTypeOf, test } from "vitest";
import { type AppScope, InTenant, IsOwner, isBanned, isMember } from "../../../test/app.js";
import { AllowAny } from "../built-in/allow-any.js";
import { DenyAll } from "../built-in/deny-all.js";
import { HasRole } from "../built-in/has-role.js";
import { IsAuthenticated } from "../built-in/is-authenticated.js";
import { permission } from "../function-rule.js";
import type { AsyncOf, EvidenceOf, GuaranteeOf, ScopeOf } from "../infer.js";
import { not } from "./not.js";

describe("the types of not()", () => {
  test("it needs what its operand needs", () => {
    const one = not(InTenant);
    expectTypeOf<ScopeOf<typeof one>["tenant"]>().toEqualTypeOf<string>();
    const list = not([IsOwner, isBanned]);
    expectTypeOf<keyof ScopeOf<typeof list>>().toEqualTypeOf<keyof AppScope>();
  });
  test("it guarantees nothing", () => {
    const one = not(IsAuthenticated);
    expectTypeOf<GuaranteeOf<typeof one>>().toEqualTypeOf<unknown>();
    const twice = not(not(IsAuthenticated));
    expectTypeOf<GuaranteeOf<typeof twice>>().toEqualTypeOf<unknown>();
    const open = not(DenyAll);
    expectTypeOf<GuaranteeOf<typeof open>>().toEqualTypeOf<unknown>();
  });
  test("it carries no evidence", () => {
    const one = not(isMember);
    expectTypeOf<EvidenceOf<typeof one>>().toEqualTypeOf<unknown>();
  });
  test("it answers when its operand does", () => {
    const sync = not(isBanned);
    expectTypeOf<AsyncOf<typeof sync>>().toEqualTypeOf<false>();
    const later = not(isMember);
    expectTypeOf<AsyncOf<typeof later>>().toEqualTypeOf<true>();
    const perhaps = not([isBanned, isMember]);
    expectTypeOf<AsyncOf<typeof perhaps>>().toEqualTypeOf<boolean>();
  });
});

test("misuse of not()", () => {
  const hasRole = (role: string) => permission(role, () => true);
  // @ts-expect-error one operand
  not();
  // @ts-expect-error one operand
  not(AllowAny, DenyAll);
  // @ts-expect-error an empty list
  not([]);
  // @ts-expect-error a bare function
  not(() => true);
  // @ts-expect-error a factory that was not called
  not(HasRole);
  // @ts-expect-error a factory that was not called
  not(hasRole);
  // @ts-expect-error a string
  not("banned");
});
