import { describe, expect, test } from "vitest";
import { PermissionMisuse } from "./errors.js";
import { checkChoice, checkKeys, readMilliseconds } from "./read-options.js";

const KEYS = ["refuse", "warnBefore"];

describe("an unknown option", () => {
  test.each([
    ["warnBefor", "write `warnBefore`; the options are refuse, warnBefore"],
    ["warnBeforee", "write `warnBefore`; the options are refuse, warnBefore"],
    ["warn_before", "write `warnBefore`; the options are refuse, warnBefore"],
    ["codec", "the options are refuse, warnBefore"],
  ])("%s is refused with advice", (key, advice) => {
    expect(() => checkKeys("guard()", { refuse: "close", [key]: 1 }, KEYS)).toThrow(
      new PermissionMisuse(`guard() has no option \`${key}\`: ${advice}`),
    );
  });
});

test.each([null, [], "refuse"])("options that are %j are refused", (options) => {
  expect(() => checkKeys("guard()", options, KEYS)).toThrow("give an object with refuse, warnBefore");
});

test("a promise of options is refused and handled", () => {
  const rejected = Promise.reject(new Error("of the application"));
  expect(() => checkKeys("guard()", rejected, KEYS)).toThrow("write `await` before the options");
});

test.each([1, 0.5, 2 ** 31 - 1])("%d milliseconds are taken", (time) => {
  expect(readMilliseconds(time, "`drain`")).toBe(time);
});

test.each([0, -1, 2 ** 31, Number.NaN, "1"])("%j as milliseconds is refused", (time) => {
  expect(() => readMilliseconds(time, "`drain`")).toThrow(/^`drain` is .+: give milliseconds, from 1 to 2147483647$/);
});

test("a choice has one of its values", () => {
  const choice = { values: ["close", "http"], advice: 'give "close" or "http"' };
  expect(() => checkChoice("guard()", "refuse", "close", choice)).not.toThrow();
  expect(() => checkChoice("guard()", "refuse", "abort", choice)).toThrow('give "close" or "http"');
});
