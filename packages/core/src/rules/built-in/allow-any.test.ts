import { expect, it } from "vitest";
import { CONSUMER } from "../../../test/probes.js";
import { definePolicy } from "../../policy/policy.js";
import { not } from "../combinators/not.js";
import { AllowAny } from "./allow-any.js";
import { DenyAll } from "./deny-all.js";

it.each([
  [AllowAny, "allow"],
  [DenyAll, "deny"],
  [not(AllowAny), "deny"],
  [not(DenyAll), "allow"],
] as const)("AllowAny and DenyAll answer all three questions, %#", (rule, outcome) => {
  const policy = definePolicy({ connect: rule, actions: { act: rule } });
  expect(policy.decideConnect({} as never, CONSUMER)).toMatchObject({ outcome });
  expect(policy.decide({} as never, CONSUMER, "act")).toMatchObject({ outcome });
  expect(policy.decide({} as never, CONSUMER, "act", {}, { object: {} })).toMatchObject({ outcome });
});

it("DenyAll denies an object without its action", () => {
  expect(new DenyAll().hasObjectPermission()).toBe(false);
});

it("are named without their class having to be told", () => {
  expect([AllowAny.name, DenyAll.name]).toEqual(["AllowAny", "DenyAll"]);
});
