import { and, definePolicy, permission } from "@portcullis/core";
import { expect, test } from "vitest";
import { CONSUMER, scopeOf } from "../../test/connection.js";
import { UNLISTED } from "./tree.js";

const rule = permission(
  "mapped",
  Object.assign(() => false, { [UNLISTED]: () => true }),
);
const plain = permission("plain", () => true);

test("a policy without a table asks the alternative of a rule", () => {
  for (const permissions of [rule, and(plain, rule), and(rule, plain)]) {
    const policy = definePolicy({ permissions });
    expect(policy.decide(scopeOf(), CONSUMER, "any")).toMatchObject({ outcome: "allow" });
    expect(policy.describe().permissions?.name).toBe(permissions.name);
  }
  expect(definePolicy({ permissions: plain }).decide(scopeOf(), CONSUMER, "any")).toMatchObject({ outcome: "allow" });
});

test("a policy with a table asks the rule itself", () => {
  const policy = definePolicy({ permissions: rule, actions: { any: plain } });
  expect(policy.decide(scopeOf(), CONSUMER, "any")).toMatchObject({ outcome: "deny", by: "mapped" });
});

test("a connect question without a table asks the rule as ever", () => {
  const door = permission("door", { connect: () => false, action: () => true });
  expect(definePolicy({ permissions: door }).decideConnect(scopeOf(), CONSUMER)).toMatchObject({ outcome: "deny" });
});
