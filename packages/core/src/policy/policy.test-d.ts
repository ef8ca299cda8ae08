import { describe, expectTypeOf, test } from "vitest";
import {
  type AppScope,
  HasMembership,
  InTenant,
  IsOwner,
  isBanned,
  isMember,
  needsTenant,
  Sneaky,
  type TenantScope,
} from "../../test/app.js";
import type { Decision } from "../decision/decision-types.js";
import { BasePermission } from "../rules/base-permission.js";
import { AllowAny } from "../rules/built-in/allow-any.js";
import { HasRole } from "../rules/built-in/has-role.js";
import { IsAuthenticated } from "../rules/built-in/is-authenticated.js";
import { and } from "../rules/combinators/and.js";
import { not } from "../rules/combinators/not.js";
import { or } from "../rules/combinators/or.js";
import { permission } from "../rules/function-rule.js";
import type { PermissionLike, PermissionLikes } from "../rules/infer.js";
import type { Consumer, Scope } from "../types.js";
import type { ActionEntry } from "./options.js";
import { definePolicy } from "./policy.js";
import type { Policy } from "./policy-types.js";

type Later = Decision | Promise<Decision>;
declare const app: AppScope;
declare const tenant: TenantScope;
declare const consumer: Consumer;
declare const name: string;

describe("the results of a policy", () => {
  test("a plain decision where every rule is sync", () => {
    const policy = definePolicy({
      connect: and(IsAuthenticated, not(isBanned)),
      permissions: not(isBanned),
      actions: { ping: AllowAny, "chat.send": [IsOwner, HasRole("admin")], "chat.edit": { rule: IsOwner } },
    });
    expectTypeOf(policy.decideConnect(app, consumer)).toEqualTypeOf<Decision>();
    expectTypeOf(policy.decide(app, consumer, "ping")).toEqualTypeOf<Decision>();
    expectTypeOf(policy.decide(app, consumer, "chat.send", {})).toEqualTypeOf<Decision>();
    expectTypeOf(policy.decide(app, consumer, name)).toEqualTypeOf<Decision>();
    // @ts-expect-error no action of the table
    policy.decide(app, consumer, "unknown");
    expectTypeOf(policy.decide(app, consumer, "unknown" as string)).toEqualTypeOf<Decision>();
    expectTypeOf(policy.decide(app, consumer, "chat.edit", {}, { object: {} })).toEqualTypeOf<Decision>();
    expectTypeOf(policy.decide(app, consumer, name, {}, { object: {} })).toEqualTypeOf<Decision>();
  });
  const mixed = definePolicy({
    actions: {
      ping: AllowAny,
      "chat.send": and(IsAuthenticated, or(isMember, HasRole("admin"))),
      "chat.list": [AllowAny, HasMembership],
      "chat.edit": { rule: isMember, concurrent: true },
      "chat.read": { rule: IsOwner, objects: "checked-by-handler" },
    },
  });
  test("for each action what its own rule says", () => {
    expectTypeOf(mixed.decide(app, consumer, "ping")).toEqualTypeOf<Decision>();
    expectTypeOf(mixed.decide(app, consumer, "chat.read")).toEqualTypeOf<Decision>();
    expectTypeOf(mixed.decide(app, consumer, "chat.send")).toEqualTypeOf<Later>();
    expectTypeOf(mixed.decide(app, consumer, "chat.list")).toEqualTypeOf<Later>();
    expectTypeOf(mixed.decide(app, consumer, "chat.edit")).toEqualTypeOf<Later>();
    expectTypeOf(mixed.decide(app, consumer, "chat.read", {}, { object: {} })).toEqualTypeOf<Decision>();
    expectTypeOf(mixed.decide(app, consumer, "chat.edit", {}, { object: {} })).toEqualTypeOf<Later>();
  });
  test("for a dynamic name the union of all rules", () => {
    expectTypeOf(mixed.decide(app, consumer, name)).toEqualTypeOf<Later>();
    // @ts-expect-error no action of the table
    mixed.decide(app, consumer, "chat.other");
    expectTypeOf(mixed.decide(app, consumer, name, {}, { object: {} })).toEqualTypeOf<Later>();
    const one = name as "ping" | "chat.read";
    expectTypeOf(mixed.decide(app, consumer, one)).toEqualTypeOf<Decision>();
    const other = name as "ping" | "chat.send";
    expectTypeOf(mixed.decide(app, consumer, other)).toEqualTypeOf<Later>();
  });
  test("one async `permissions` makes everything async", () => {
    const policy = definePolicy({ permissions: isMember, connect: AllowAny, actions: { ping: AllowAny } });
    expectTypeOf(policy.decide(app, consumer, "ping")).toEqualTypeOf<Later>();
    expectTypeOf(policy.decide(app, consumer, name)).toEqualTypeOf<Later>();
    expectTypeOf(policy.decideConnect(app, consumer)).toEqualTypeOf<Later>();
    const alone = definePolicy({ permissions: [IsAuthenticated, isMember] });
    expectTypeOf(alone.decide(app, consumer, "ping")).toEqualTypeOf<Later>();
  });
  test("`connect` and the actions apart from each other", () => {
    const connects = definePolicy({ connect: isMember, actions: { ping: AllowAny } });
    expectTypeOf(connects.decideConnect(app, consumer)).toEqualTypeOf<Later>();
    expectTypeOf(connects.decide(app, consumer, "ping")).toEqualTypeOf<Decision>();
    expectTypeOf(mixed.decideConnect(app, consumer)).toEqualTypeOf<Decision>();
  });
  test("`permissions` alone, and a table known by its type", () => {
    const alone = definePolicy({ permissions: AllowAny });
    expectTypeOf(alone.decide({}, consumer, "ping")).toEqualTypeOf<Decision>();
    const table: Record<string, PermissionLike<AppScope>> = { ping: AllowAny };
    const policy = definePolicy({ permissions: AllowAny, actions: table });
    expectTypeOf<ReturnType<typeof policy.decide>>().toEqualTypeOf<Later>();
  });
});

describe("the scope that a policy needs", () => {
  test("is that of its rules", () => {
    const policy = definePolicy({ connect: IsOwner, permissions: IsAuthenticated, actions: { a: needsTenant } });
    expectTypeOf(policy.decide).parameter(0).toExtend<TenantScope>();
    expectTypeOf(policy.decideConnect(tenant, consumer)).toEqualTypeOf<Decision>();
    expectTypeOf(policy.decide(tenant, consumer, "a")).toEqualTypeOf<Decision>();
    // @ts-expect-error tenant is missing
    policy.decide(app, consumer, "a");
    // @ts-expect-error tenant is missing
    policy.decide(app, consumer, name);
    // @ts-expect-error tenant is missing
    policy.decide(app, consumer, "a", {}, { object: {} });
    // @ts-expect-error tenant is missing
    policy.decideConnect(app, consumer);
  });
  test("is collected from each part of it", () => {
    // @ts-expect-error tenant is missing
    definePolicy({ connect: InTenant, permissions: AllowAny }).decide(app, consumer, "a");
    // @ts-expect-error tenant is missing
    definePolicy({ permissions: new InTenant() }).decide(app, consumer, "a");
    // @ts-expect-error tenant is missing
    definePolicy({ actions: { a: { rule: InTenant } } }).decide(app, consumer, "a");
    // @ts-expect-error tenant is missing
    definePolicy({ actions: { a: [AllowAny, InTenant], b: AllowAny } }).decide(app, consumer, "b");
    // @ts-expect-error tenant is missing
    definePolicy({ permissions: or(not(InTenant), AllowAny) }).decide(app, consumer, "a");
    // @ts-expect-error tenant is missing
    definePolicy({ permissions: Sneaky }).decide(app, consumer, "a");
  });
  test("only what is needed", () => {
    const policy = definePolicy({ connect: AllowAny, actions: { a: IsAuthenticated } });
    expectTypeOf(policy.decide({ user: null }, consumer, "a")).toEqualTypeOf<Decision>();
    // @ts-expect-error user is missing
    policy.decide({}, consumer, "a");
  });
  test("a policy that needs more is not assignable to less", () => {
    const policy = definePolicy({ actions: { a: needsTenant } });
    expectTypeOf(policy).toExtend<Policy<TenantScope>>();
    expectTypeOf(policy).not.toExtend<Policy<AppScope>>();
    expectTypeOf<Policy<Scope>>().toExtend<Policy<AppScope>>();
    expectTypeOf<Policy<AppScope>>().not.toExtend<Policy<Scope>>();
    const annotated: Policy<TenantScope> = definePolicy({ connect: isMember, actions: { a: { rule: needsTenant } } });
    expectTypeOf(annotated.decide(tenant, consumer, "a")).toEqualTypeOf<Later>();
    // @ts-expect-error tenant is missing
    const wrong: Policy<AppScope> = definePolicy({ connect: isMember, actions: { a: { rule: needsTenant } } });
    expectTypeOf(wrong).toEqualTypeOf<Policy<AppScope>>();
  });
});

describe("a permission that is written inline", () => {
  test("needs the scope of every client, in any place", () => {
    const inEntry = definePolicy({
      actions: { edit: { rule: permission("o", { object: () => true }), objects: "checked-by-handler" } },
    });
    expectTypeOf(inEntry).toExtend<Policy<Scope>>();
    expectTypeOf(inEntry.decide({ user: null } as Scope, consumer, "edit")).toEqualTypeOf<Decision>();
    const inList = definePolicy({ actions: { a: { rule: [AllowAny, permission("o", ({ scope }) => scope.secure)] } } });
    expectTypeOf(inList).toExtend<Policy<Scope>>();
    const bare = definePolicy({ permissions: [AllowAny, permission("o", ({ scope }) => scope.secure)] });
    expectTypeOf(bare).toExtend<Policy<Scope>>();
    const negated = definePolicy({ permissions: not([AllowAny, permission("o", ({ scope }) => scope.secure)]) });
    expectTypeOf(negated).toExtend<Policy<Scope>>();
    const later = definePolicy({ actions: { a: { rule: permission("o", async ({ scope }) => scope.secure) } } });
    expectTypeOf(later.decide({} as Scope, consumer, "a")).toEqualTypeOf<Later>();
  });
  test("needs the scope that it is annotated with", () => {
    const ofApp = definePolicy({
      actions: {
        a: { rule: permission("o", ({ scope }: { scope: TenantScope }) => scope.tenant !== ""), concurrent: true },
      },
    });
    expectTypeOf(ofApp).toExtend<Policy<TenantScope>>();
    // @ts-expect-error tenant is missing
    ofApp.decide(app, consumer, "a");
    // @ts-expect-error no field of a scope
    definePolicy({ actions: { a: { rule: permission("o", ({ scope }) => scope.tenant !== "") } } });
    // @ts-expect-error no answer
    definePolicy({ actions: { a: { rule: permission("o", ({ scope }) => scope.user) } } });
  });
  test("keeps a scope that is unknown closed", () => {
    const any = definePolicy({ actions: { a: { rule: AllowAny as PermissionLike } } });
    expectTypeOf(any.decide).parameter(0).toEqualTypeOf<never>();
    const entry = definePolicy({ actions: { a: { rule: AllowAny } as ActionEntry } });
    expectTypeOf(entry.decide).parameter(0).toEqualTypeOf<never>();
    expectTypeOf(definePolicy({ permissions: and(...([AllowAny] as PermissionLikes)) }).decide)
      .parameter(0)
      .toEqualTypeOf<never>();
  });
});

describe("the names of a policy", () => {
  const policy = definePolicy({ actions: { ping: AllowAny, "chat.send": isMember } });
  test("are the only literals that a question may have", () => {
    policy.can(app, consumer, "chat.send");
    policy.authorize(app, consumer, name as "ping" | "chat.send");
    // @ts-expect-error no action of the table
    policy.decide(app, consumer, "pong");
    // @ts-expect-error no action of the table
    policy.can(app, consumer, "pong");
    // @ts-expect-error no action of the table
    policy.authorize(app, consumer, "pong");
    // @ts-expect-error perhaps no action of the table
    policy.can(app, consumer, name as "ping" | "pong");
  });
  test("may be texts that the compiler does not know", () => {
    expectTypeOf(policy.decide(app, consumer, name)).toEqualTypeOf<Later>();
    expectTypeOf(policy.decide(app, consumer, `chat.${name}`)).toEqualTypeOf<Later>();
    policy.can(app, consumer, name);
    policy.can(app, consumer, `chat.${name}`);
    policy.authorize(app, consumer, name);
  });
  test("are unknown without a table, and with a dynamic one", () => {
    const open = definePolicy({ permissions: isMember });
    expectTypeOf(open.decide(app, consumer, "ping")).toEqualTypeOf<Later>();
    open.can(app, consumer, "ping");
    const table: Record<string, PermissionLike<AppScope>> = { ping: AllowAny };
    definePolicy({ actions: table }).can(app as never, consumer, "ping");
    const some: Policy<AppScope> = policy;
    some.can(app, consumer, "pong");
  });
  test("do not come from the type around an inline policy", () => {
    const given = <S>(policy: Policy<S>): Policy<S> => policy;
    expectTypeOf(given(definePolicy({ permissions: AllowAny }))).toEqualTypeOf<Policy<unknown>>();
    expectTypeOf(given(definePolicy({ actions: {} }))).toEqualTypeOf<Policy<unknown>>();
    expectTypeOf(given(definePolicy({ actions: { ping: isMember } }))).toEqualTypeOf<Policy<AppScope>>();
    const annotated: Policy<Scope> = definePolicy({ actions: {} });
    expectTypeOf(annotated.decide({} as Scope, consumer, "ping")).toEqualTypeOf<Later>();
  });
});

describe("misuse of definePolicy()", () => {
  const hasRole = (role: string) => permission(role, () => true);
  test("values other than rules", () => {
    // @ts-expect-error a bare function
    definePolicy({ connect: () => true, permissions: AllowAny });
    // @ts-expect-error a bare function
    definePolicy({ permissions: () => true });
    // @ts-expect-error a bare function
    definePolicy({ actions: { a: () => true } });
    // @ts-expect-error a factory that was not called
    definePolicy({ actions: { a: HasRole } });
    // @ts-expect-error a factory that was not called
    definePolicy({ actions: { a: { rule: hasRole } } });
    // @ts-expect-error an empty list
    definePolicy({ permissions: [] });
    // @ts-expect-error an empty list
    definePolicy({ actions: { a: [] } });
    // @ts-expect-error a name
    definePolicy({ permissions: "IsAuthenticated" });
    // @ts-expect-error nothing
    definePolicy({ actions: { a: undefined } });
    // @ts-expect-error a boolean
    definePolicy({ actions: { a: true } });
    // @ts-expect-error no rule in the entry
    definePolicy({ actions: { a: { concurrent: true } } });
  });
  test("misspelt and wrong options", () => {
    // @ts-expect-error `permissions`
    definePolicy({ permission: AllowAny });
    // @ts-expect-error `concurrent`
    definePolicy({ actions: { a: { rule: AllowAny, concurent: true } } });
    // @ts-expect-error true or false
    definePolicy({ actions: { a: { rule: AllowAny, concurrent: "yes" } } });
    // @ts-expect-error "checked-by-handler"
    definePolicy({ actions: { a: { rule: AllowAny, objects: true } } });
    // @ts-expect-error "deny"
    definePolicy({ permissions: AllowAny, unknownAction: "allow" });
    // @ts-expect-error milliseconds
    definePolicy({ permissions: AllowAny, timeout: { action: "5s" } });
    // @ts-expect-error `action`
    definePolicy({ permissions: AllowAny, timeout: { actions: 5 } });
  });
});

test("a class made by a function is a rule", () => {
  const owns = (id: number) =>
    class Owns extends BasePermission<AppScope> {
      override hasPermission(scope: AppScope) {
        return scope.user?.id === id;
      }
    };
  const policy = definePolicy({ actions: { a: owns(1), b: and(owns(1), owns(2)) } });
  expectTypeOf(policy.decide(app, consumer, "b")).toEqualTypeOf<Decision>();
});

describe("the verbs", () => {
  const policy = definePolicy({ connect: AllowAny, actions: { ping: AllowAny, "chat.send": isMember } });
  test("`can` is always a promise of a boolean", () => {
    expectTypeOf(policy.can(app, consumer, "ping")).toEqualTypeOf<Promise<boolean>>();
    expectTypeOf(policy.can(app, consumer, name, {}, { object: {} })).toEqualTypeOf<Promise<boolean>>();
    expectTypeOf(policy.canConnect(app, consumer)).toEqualTypeOf<Promise<boolean>>();
  });
  test("`authorize` is a promise of nothing", () => {
    expectTypeOf(policy.authorize(app, consumer, "ping")).toEqualTypeOf<Promise<void>>();
    expectTypeOf(policy.authorize(app, consumer, name, {}, { object: {} })).toEqualTypeOf<Promise<void>>();
    expectTypeOf(policy.authorizeConnect(app, consumer)).toEqualTypeOf<Promise<void>>();
  });
  test("a condition must wait", async () => {
    // @ts-expect-error TS2801: this condition will always return true
    if (policy.can(app, consumer, "ping")) void 0;
    // @ts-expect-error TS2801: this condition will always return true
    if (policy.canConnect(app, consumer)) void 0;
    // @ts-expect-error TS2801: this condition will always return true
    if (policy.authorize(app, consumer, "ping")) void 0;
    // @ts-expect-error TS2801: this condition will always return true
    if (policy.authorizeConnect(app, consumer)) void 0;
    if (await policy.can(app, consumer, "ping")) void 0;
    // @ts-expect-error TS1345: nothing cannot be tested for truthiness
    if (await policy.authorize(app, consumer, "ping")) void 0;
  });
  test("ask with the scope that the rules need", () => {
    const { can, authorize } = definePolicy({ actions: { a: needsTenant } });
    expectTypeOf(can).parameter(0).toExtend<TenantScope>();
    // @ts-expect-error tenant is missing
    can(app, consumer, "a");
    // @ts-expect-error tenant is missing
    authorize(app, consumer, "a");
  });
});
