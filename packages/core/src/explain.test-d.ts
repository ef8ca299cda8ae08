import { AllowAny, type Consumer, type Decision, definePolicy, permission, type Scope } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { type Explanation, explain, type TraceNode } from "@portcullis/core/explain";
import { expectTypeOf, test } from "vitest";

interface AppScope extends Scope {
  readonly tenant: string;
}
const isTenant = permission("isTenant", ({ scope }: { scope: AppScope }) => scope.tenant !== "");
declare const scope: Scope;
declare const appScope: AppScope;
declare const consumer: Consumer;

test("explains a policy or a consumer", () => {
  const policy = definePolicy({ actions: { ping: AllowAny } });
  expectTypeOf(explain(policy, scope, consumer, "ping")).resolves.toEqualTypeOf<Explanation>();
  expectTypeOf(
    explain(defineConsumer(), scope, consumer, "ping", { a: 1 }, { object: 1 }),
  ).resolves.toEqualTypeOf<Explanation>();
  expectTypeOf<Explanation["decision"]>().toEqualTypeOf<Decision>();
  expectTypeOf<Explanation["rule"]>().toEqualTypeOf<TraceNode | undefined>();
});

test("the scope must be what the rules need", () => {
  const policy = definePolicy({ actions: { ping: isTenant } });
  explain(policy, appScope, consumer, "ping");
  // @ts-expect-error: `tenant` is missing
  explain(policy, scope, consumer, "ping");
  // @ts-expect-error: there is no such moment
  explain(policy, appScope, consumer, "ping", {}, { phase: "message" });
});
