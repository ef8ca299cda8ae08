import {
  AllowAny,
  allow,
  type Decision,
  HasRole,
  IsAuthenticated,
  not,
  or,
  type Payload,
  type Policy,
  permission,
  permissionsFor,
  type Scope,
  type StandardSchema,
} from "@portcullis/core";
import type { ServableConsumer } from "@portcullis/core/adapter";
import { consumersFor, defineConsumer, type HandlerSession } from "@portcullis/core/consumer";
import { expectTypeOf, test } from "vitest";

interface User {
  readonly id: number;
  readonly roles: readonly string[];
}
interface AppScope extends Scope {
  readonly user: User | null;
}

const app = consumersFor<AppScope>().defineConsumer();
const { permission: rule } = permissionsFor<AppScope>();
const isMember = rule("isMember", async () => allow({ membership: { role: "owner" } }));
const isOwner = rule("isOwner", { object: ({ object }: { object: { owner: number } }) => object.owner === 1 });
const tenant = rule("tenant", () => allow({ tenant: "t" }));
const input = {} as StandardSchema<{ text: string }, { text: string; at: Date }>;

test("the rule or permissions may narrow the scope", () => {
  app
    .action("open", AllowAny, ({ scope }) => expectTypeOf(scope.user).toEqualTypeOf<User | null>())
    .action("not", not(IsAuthenticated), ({ scope }) => expectTypeOf(scope.user).toEqualTypeOf<User | null>())
    .action("own", IsAuthenticated, ({ scope }) => expectTypeOf(scope.user).toEqualTypeOf<User>())
    .action("any", or(IsAuthenticated, HasRole("admin")), ({ scope }) =>
      expectTypeOf(scope.user.id).toEqualTypeOf<number>(),
    )
    .action("some", or(IsAuthenticated, isMember), ({ scope }) => expectTypeOf(scope.user).toEqualTypeOf<User | null>())
    .permissions(IsAuthenticated)
    .action("behind", AllowAny, ({ scope }) => expectTypeOf(scope.user).toEqualTypeOf<User>())
    .permissions(tenant)
    .action("behind both", AllowAny, ({ scope, evidence }) => {
      expectTypeOf(scope.user).toEqualTypeOf<User>();
      expectTypeOf(evidence.tenant).toEqualTypeOf<"t">();
    });
});

test("evidence of permissions and rule is merged", () => {
  app.permissions(tenant).action("do", isMember, ({ evidence }) => {
    expectTypeOf(evidence.tenant).toEqualTypeOf<"t">();
    expectTypeOf(evidence.membership.role).toEqualTypeOf<"owner">();
  });
  app.action("none", AllowAny, ({ evidence }) =>
    expectTypeOf(evidence).toEqualTypeOf<Readonly<Record<string, unknown>>>(),
  );
});

test("loader and handler have the parsed payload", () => {
  app
    .action("raw", AllowAny, ({ payload, object }) => {
      expectTypeOf(payload).toEqualTypeOf<Payload>();
      expectTypeOf(object).toEqualTypeOf<undefined>();
    })
    .action("parsed", AllowAny, { input }, ({ payload, object }) => {
      expectTypeOf(payload).toEqualTypeOf<{ text: string; at: Date }>();
      expectTypeOf(object).toEqualTypeOf<undefined>();
    })
    .action(
      "loaded",
      IsAuthenticated,
      {
        input,
        object: async ({ payload, scope, signal }) => {
          expectTypeOf(payload.at).toEqualTypeOf<Date>();
          expectTypeOf(scope.user).toEqualTypeOf<User>();
          expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
          return payload.text === "" ? null : { owner: 1 };
        },
      },
      ({ payload, object }) => {
        expectTypeOf(payload.text).toEqualTypeOf<string>();
        expectTypeOf(object).toEqualTypeOf<{ owner: number }>();
      },
    )
    .action(
      "found",
      isOwner,
      { object: ({ payload }) => (payload.id ? { owner: 1 } : undefined), concurrent: true },
      ({ object }) => expectTypeOf(object).toEqualTypeOf<{ owner: number }>(),
    );
});

test("decide answers a decision, can a boolean, authorize nothing", () => {
  app.action("sync", isOwner, async ({ decide, can, authorize, session }) => {
    for (const verbs of [{ decide, can, authorize }, session]) {
      expectTypeOf(verbs.decide("sync", {}, { object: 1 })).toEqualTypeOf<Decision | Promise<Decision>>();
      // @ts-expect-error A promise of a decision has no outcome: write `await` before it.
      void verbs.decide("sync").outcome;
      expectTypeOf(verbs.can("sync", {}, { object: 1 })).toEqualTypeOf<Promise<boolean>>();
      expectTypeOf(verbs.authorize("sync", {}, { object: 1 })).toEqualTypeOf<Promise<void>>();
    }
    // @ts-expect-error a promise is always true
    if (session.authorize("sync")) return 1;
    // @ts-expect-error a promise is always true
    if (authorize("sync")) return 1;
    // @ts-expect-error a promise is always true
    if (session.can("sync")) return 1;
    // @ts-expect-error a promise is always true
    if (can("sync")) return 1;
    // @ts-expect-error it returns nothing to be tested
    if (await session.authorize("sync")) return 1;
    return (await can("sync")) ? 1 : 0;
  });
});

test("a handler has the public part of its session", () => {
  app.action("do", AllowAny, ({ session }) => {
    expectTypeOf(session).toEqualTypeOf<HandlerSession>();
    // @ts-expect-error: the transport's side of it is not for handlers
    session.receive({});
    // @ts-expect-error: the scope is read-only
    session.scope = {};
  });
});

test("a replaced handler has the types of rule and options", () => {
  app
    .action("say", IsAuthenticated, { input, object: () => ({ owner: 1 }) }, () => 1)
    .handler("say", ({ scope, payload, object }) => {
      expectTypeOf(scope.user).toEqualTypeOf<User>();
      expectTypeOf(payload.at).toEqualTypeOf<Date>();
      expectTypeOf(object).toEqualTypeOf<{ owner: number }>();
    });
  // @ts-expect-error: there is no such action
  app.action("say", AllowAny, () => 1).handler("sya", () => 1);
});

test("missing scope and values other than rules are compile errors", () => {
  const needsTenant = permission(
    "needsTenant",
    ({ scope }: { scope: Scope & { tenant: string } }) => scope.tenant !== "",
  );
  // @ts-expect-error: "scope is missing"
  app.action("do", needsTenant, () => 1);
  // @ts-expect-error: "scope is missing"
  app.permissions(needsTenant);
  // @ts-expect-error: "scope is missing"
  app.connect([IsAuthenticated, needsTenant]);
  // @ts-expect-error: an uncalled factory is no permission
  app.action("do", HasRole, () => 1);
  const bare = () => true;
  // @ts-expect-error: a bare function is no permission
  app.action("do", bare, () => 1);
  // @ts-expect-error: a misspelt option
  app.action("do", AllowAny, { inputs: input }, () => 1);
  // @ts-expect-error: the handler is missing
  app.action("do", AllowAny, { input });
  // @ts-expect-error: "deny" is the only other answer
  app.unknownAction("allow");
});

test("unbound, the scope follows from the rules", () => {
  const needsTenant = permission("needsTenant", ({ scope }: { scope: { tenant: string } }) => scope.tenant !== "");
  const consumer = defineConsumer()
    .action("plain", AllowAny, ({ scope }) => expectTypeOf(scope.path).toEqualTypeOf<string>())
    .action("signed in", IsAuthenticated, ({ scope }) => expectTypeOf(scope.user).toEqualTypeOf<NonNullable<unknown>>())
    .action("tenant", needsTenant, ({ scope }) => expectTypeOf(scope.tenant).toEqualTypeOf<string>());
  expectTypeOf(consumer).toExtend<ServableConsumer<Scope & { tenant: string }>>();
  expectTypeOf(consumer).not.toExtend<ServableConsumer<Scope>>();
  expectTypeOf(app.action("do", isMember, () => 1)).toExtend<ServableConsumer<AppScope>>();
  expectTypeOf(app).not.toExtend<ServableConsumer<Scope>>();
});

test("its policy is typed by the rules", () => {
  const { policy } = app.action("sync", IsAuthenticated, () => 1).action("async", isMember, () => 1);
  expectTypeOf(policy).toExtend<Policy<AppScope>>();
  const ask = (scope: AppScope) =>
    [policy.decide(scope, {} as never, "sync"), policy.decide(scope, {} as never, "async")] as const;
  expectTypeOf(ask).returns.toEqualTypeOf<readonly [Decision, Decision | Promise<Decision>]>();
});

test("a permission in an inline list needs the scope of every client", () => {
  const inline = permission("inline", ({ scope }) => scope.secure);
  const consumer = defineConsumer()
    .connect([AllowAny, permission("inline", { connect: ({ scope }) => scope.secure })])
    .permissions([AllowAny, permission("inline", ({ scope }) => scope.secure)])
    .action(
      "bare",
      permission("inline", ({ scope }) => scope.secure),
      () => 1,
    )
    .action("list", [AllowAny, permission("inline", ({ scope }) => scope.secure)], () => 1)
    .action("options", [permission("inline", { object: () => true })], { objects: "checked-by-handler" }, () => 1)
    .action("const", [AllowAny, inline], () => 1);
  expectTypeOf(consumer).toExtend<ServableConsumer<Scope>>();
  // @ts-expect-error no field of a scope
  defineConsumer().action("list", [AllowAny, permission("inline", ({ scope }) => scope.tenant !== "")], () => 1);
  // @ts-expect-error tenant is missing
  app.action("list", [AllowAny, rule("inline", ({ scope }) => scope.tenant !== "")], () => 1);
});
