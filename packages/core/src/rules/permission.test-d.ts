import { describe, expectTypeOf, test } from "vitest";
import { type AppScope, isMember, type Membership, type TenantScope } from "../../test/app.js";
import { type Answer, abstain, allow, deny, fault } from "../decision/answers.js";
import type {
  ConnectContext,
  Consumer,
  Context,
  MaybePromise,
  ObjectContext,
  Payload,
  Scope,
  StandardSchema,
} from "../types.js";
import { BasePermission } from "./base-permission.js";
import { permission } from "./function-rule.js";
import type { AsyncOf, EvidenceOf, GuaranteeOf, ScopeOf } from "./infer.js";
import type { Permission, Rule } from "./permission.js";

declare const yes: boolean;
declare const promised: PromiseLike<boolean>;
interface Room {
  readonly room: string;
}
declare const roomSchema: StandardSchema<unknown, Room>;

describe("permission(name, function)", () => {
  test("its context is typed without an annotation", () => {
    permission("a", (context) => {
      expectTypeOf(context).toEqualTypeOf<Context<Scope>>();
      return true;
    });
    permission("a", async ({ scope, payload, action, consumer, signal }) => {
      expectTypeOf(scope).toEqualTypeOf<Scope>();
      expectTypeOf(payload).toEqualTypeOf<Payload>();
      expectTypeOf(action).toEqualTypeOf<string>();
      expectTypeOf(consumer).toEqualTypeOf<Consumer>();
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
      return true;
    });
  });
  test("its scope is its annotation, or the base scope", () => {
    const annotated = permission("a", ({ scope }: Context<TenantScope>) => scope.tenant === "acme");
    expectTypeOf<ScopeOf<typeof annotated>>().toEqualTypeOf<TenantScope>();
    const bare = permission("a", ({ scope }) => scope.secure);
    expectTypeOf<ScopeOf<typeof bare>>().toEqualTypeOf<Scope>();
    const whole = permission("a", (context: Context<AppScope>) => context.scope.user?.isBanned ?? false);
    expectTypeOf<ScopeOf<typeof whole>>().toEqualTypeOf<AppScope>();
    const part = permission("a", ({ scope }: { scope: { readonly tenant: string } }) => scope.tenant === "acme");
    expectTypeOf<ScopeOf<typeof part>>().toEqualTypeOf<{ readonly tenant: string }>();
  });
  test("its evidence and asynchrony follow from its return type", () => {
    expectTypeOf(isMember).toEqualTypeOf<Rule<AppScope, unknown, { readonly membership: Membership }, true>>();
    const sync = permission("a", () => (yes ? allow({ left: 3 as number }) : false));
    expectTypeOf(sync).toEqualTypeOf<Rule<Scope, unknown, { readonly left: number }, false>>();
    const either = permission("a", (): MaybePromise<boolean> => yes);
    expectTypeOf<AsyncOf<typeof either>>().toEqualTypeOf<boolean>();
    const foreign = permission("a", () => promised);
    expectTypeOf<AsyncOf<typeof foreign>>().toEqualTypeOf<true>();
    const denies = permission("a", () => deny("closed"));
    expectTypeOf<EvidenceOf<typeof denies>>().toEqualTypeOf<never>();
  });
  test("a function that was written elsewhere", () => {
    const check = (context: Context<AppScope>): Answer => context.scope.user !== null;
    expectTypeOf(permission("a", check)).toEqualTypeOf<Rule<AppScope, unknown, unknown, false>>();
  });
});

describe("permission(name, { connect, action, object })", () => {
  test("each part has its own context", () => {
    permission("a", {
      connect: (context) => {
        expectTypeOf(context).toEqualTypeOf<ConnectContext<Scope>>();
        return true;
      },
      action: (context) => {
        expectTypeOf(context).toEqualTypeOf<Context<Scope>>();
        return true;
      },
      object: (context) => {
        expectTypeOf(context).toEqualTypeOf<ObjectContext<Scope, unknown>>();
        return true;
      },
    });
  });
  test("methods are parts too", () => {
    const rule = permission("a", {
      async connect({ message }) {
        return message.room === "lobby";
      },
      action({ payload }) {
        return payload.room === "lobby" ? allow({ room: "lobby" }) : deny("no");
      },
    });
    expectTypeOf(rule).toEqualTypeOf<Rule<Scope, unknown, { readonly room: "lobby" }, boolean>>();
  });
  test("parts may differ in asynchrony and evidence", () => {
    const rule = permission("a", {
      connect: () => true,
      action: async () => (yes ? allow({ left: 3 as number }) : deny("no")),
      object: () => abstain(),
    });
    expectTypeOf(rule).toEqualTypeOf<Rule<Scope, unknown, { readonly left: number }, boolean>>();
    const sync = permission("a", { connect: () => true, object: () => fault("down") });
    expectTypeOf<AsyncOf<typeof sync>>().toEqualTypeOf<false>();
    const later = permission("a", { connect: async () => true });
    expectTypeOf<AsyncOf<typeof later>>().toEqualTypeOf<true>();
  });
  test("only what `action` says is the evidence of an action", () => {
    const connects = permission("a", { connect: () => allow({ a: 1 }), object: () => allow({ b: 1 }) });
    expectTypeOf<EvidenceOf<typeof connects>>().toEqualTypeOf<unknown>();
    expectTypeOf<GuaranteeOf<typeof connects>>().toEqualTypeOf<unknown>();
  });
  test("the scope and the object come from annotations", () => {
    const rule = permission("isAuthor", {
      object: ({ scope, object }: ObjectContext<AppScope, { author: number }>) => scope.user?.id === object.author,
    });
    expectTypeOf(rule).toEqualTypeOf<Rule<AppScope, unknown, unknown, false>>();
    const both = permission("a", {
      connect: ({ scope }: ConnectContext<AppScope>) => scope.user !== null,
      action: ({ scope }: Context<AppScope>) => scope.user !== null,
    });
    expectTypeOf<ScopeOf<typeof both>>().toEqualTypeOf<AppScope>();
  });
});

describe("permission(name, { payload: schema }, function)", () => {
  test("the function sees the parsed payload", () => {
    const rule = permission("a", { payload: roomSchema }, ({ payload, scope, action, consumer, signal }) => {
      expectTypeOf(payload).toEqualTypeOf<Room>();
      expectTypeOf(scope).toEqualTypeOf<Scope>();
      expectTypeOf(action).toEqualTypeOf<string>();
      expectTypeOf(consumer).toEqualTypeOf<Consumer>();
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
      return yes ? allow({ room: payload.room }) : deny("no");
    });
    expectTypeOf(rule).toEqualTypeOf<Rule<Scope, unknown, { readonly room: string }, boolean>>();
  });
  test("a schema may answer later, so the rule may", () => {
    const rule = permission("a", { payload: roomSchema }, () => true);
    expectTypeOf<AsyncOf<typeof rule>>().toEqualTypeOf<boolean>();
  });
  test("an annotated function", () => {
    type Parsed = Omit<Context<AppScope>, "payload"> & { readonly payload: Room };
    const rule = permission("a", { payload: roomSchema }, ({ scope, payload }: Parsed) => scope.path === payload.room);
    expectTypeOf<ScopeOf<typeof rule>>().toEqualTypeOf<AppScope>();
  });
  test("misuse", () => {
    // @ts-expect-error the function is missing
    permission("a", { payload: roomSchema });
    // @ts-expect-error no schema
    permission("a", { payload: { room: "string" } }, () => true);
    // @ts-expect-error the payload has no such field
    permission("a", { payload: roomSchema }, ({ payload }) => payload.text === "");
    // @ts-expect-error nothing is returned
    permission("a", { payload: roomSchema }, () => {});
  });
});

describe("misuse of permission()", () => {
  test("a function that answers something else", () => {
    // @ts-expect-error nothing is returned
    permission("a", () => {});
    // @ts-expect-error nothing is returned, later
    permission("a", async () => {});
    // @ts-expect-error nothing is returned where there is a block
    permission("a", ({ scope }: Context<AppScope>) => {
      scope.user?.isBanned;
    });
    // @ts-expect-error perhaps nothing
    permission("a", ({ payload }) => (payload.a === 1 ? true : undefined));
    // @ts-expect-error a truthy value is no answer
    permission("a", () => 1);
    // @ts-expect-error a string is no answer
    permission("a", () => "true");
    // @ts-expect-error an object that looks like a decision is no answer
    permission("a", () => ({ outcome: "allow" }));
    // @ts-expect-error what deny() makes, not deny
    permission("a", () => deny);
  });
  test("a part that answers something else", () => {
    // @ts-expect-error nothing is returned
    permission("a", { action: () => {} });
    // @ts-expect-error nothing is returned
    permission("a", { connect: async () => {}, action: () => true });
    // @ts-expect-error a decision, not a function
    permission("a", { action: true });
  });
  test("parts that are not", () => {
    // @ts-expect-error at least one
    permission("a", {});
    // @ts-expect-error misspelt
    permission("a", { hasPermission: () => true });
    // @ts-expect-error misspelt beside another
    permission("a", { action: () => true, conect: () => true });
  });
  test("no name, no rule", () => {
    // @ts-expect-error a name
    permission(() => true);
    // @ts-expect-error a rule
    permission("a");
    // @ts-expect-error a name is a string
    permission(Symbol("a"), () => true);
  });
});

describe("class rules", () => {
  test("a method must answer", () => {
    class Forgets extends BasePermission {
      // @ts-expect-error nothing is returned
      override hasPermission() {}
    }
    class ForgetsLater extends BasePermission {
      // @ts-expect-error nothing is returned
      override async canConnect() {}
    }
    class Truthy extends BasePermission {
      // @ts-expect-error a number is no answer
      override hasObjectPermission() {
        return 1;
      }
    }
    expectTypeOf<Forgets | ForgetsLater | Truthy>().toExtend<Permission<Scope>>();
  });
  test("a method must not ask for what is never given", () => {
    class Wrong extends BasePermission {
      // @ts-expect-error the action is a string
      override hasPermission(_scope: Scope, _consumer: Consumer, action: number) {
        return action === 1;
      }
    }
    expectTypeOf<Wrong>().toExtend<Permission<Scope>>();
  });
  test("the object may be of any type", () => {
    class IsAuthor extends BasePermission<AppScope> {
      override hasObjectPermission(scope: AppScope, _consumer: Consumer, _action: string, object: { author: number }) {
        return scope.user?.id === object.author;
      }
    }
    expectTypeOf<ScopeOf<typeof IsAuthor>>().toEqualTypeOf<AppScope>();
  });
  test("the parts of a denial are typed", () => {
    class IsOpen extends BasePermission {
      override readonly code = "closed";
      override readonly status = 410;
      // @ts-expect-error a sentence
      override readonly reason = 1;
    }
    expectTypeOf<IsOpen["code"]>().toEqualTypeOf<"closed">();
  });
});

test("a permission that needs more is not assignable to less", () => {
  expectTypeOf<Permission<AppScope>>().toExtend<Permission<TenantScope>>();
  expectTypeOf<Permission<TenantScope>>().not.toExtend<Permission<AppScope>>();
  expectTypeOf<Rule<TenantScope>>().not.toExtend<Rule<AppScope>>();
  expectTypeOf<BasePermission<AppScope>>().toExtend<BasePermission<TenantScope>>();
  expectTypeOf<BasePermission<TenantScope>>().not.toExtend<BasePermission<AppScope>>();
});
