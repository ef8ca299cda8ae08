import { expect, test } from "vitest";
import { permission } from "../permission.js";
import { definePolicy } from "../policy.js";
import { not } from "./not.js";

const consumer = { id: "1", transport: "none", raw: undefined, close() {} };
const isBanned = permission("isBanned", () => true);

test("says what it was given where its operand allows", () => {
  const policy = definePolicy({
    permissions: not(isBanned, { code: "banned", reason: "You are banned.", status: 451 }),
  });
  expect(policy.authorize({} as never, consumer, "ping")).toMatchObject({
    outcome: "deny",
    code: "banned",
    reason: "You are banned.",
    status: 451,
    by: "not(isBanned)",
  });
});

test("refuses a second operand, and a status that is no refusal", () => {
  expect(() => not(isBanned, isBanned as never)).toThrow("not() takes one permission: write not(or(a, b))");
  expect(() => not(isBanned, (() => true) as never)).toThrow("not() takes one permission");
  expect(() => not(isBanned, { code: "banned", status: 200 })).toThrow("give a whole number from 400 to 499");
});
