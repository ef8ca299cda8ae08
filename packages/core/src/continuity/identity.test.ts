import { afterEach, expect, test, vi } from "vitest";
import { scopeOf } from "../../test/connection.js";
import { START, useFakeTime } from "../../test/fake-time.js";
import { PermissionMisuse } from "../decision/errors.js";
import { Expiry } from "./expiry.js";
import { checkSubject, identityOf, isSubject, TOKEN_EXPIRED } from "./identity.js";

/** The last millisecond of the year 9999. */
const LATEST = 253_402_300_799_999;

useFakeTime();
afterEach(() => void vi.restoreAllMocks());

test.each([
  [new Date(START + 1_000)],
  [String(START + 1_000)],
  [Number.POSITIVE_INFINITY],
  [978_307_199_999],
  [LATEST + 1],
])("an identity does not end at %s", (expiresAt) => {
  const decision = identityOf(() => ({ expiresAt: expiresAt as number }), scopeOf());
  expect(decision).toMatchObject({ outcome: "error", by: "identify" });
  expect(String((decision as { error?: unknown }).error)).toContain("give milliseconds since 1970");
});

test("an end of January 2001 is one in the past", () => {
  expect(identityOf(() => ({ expiresAt: 978_307_200_000 }), scopeOf())).toBe(TOKEN_EXPIRED);
});

test.each([
  [START, TOKEN_EXPIRED],
  [LATEST, { subjects: ["user:1"], expiresAt: LATEST }],
  [START + 1, { subjects: ["user:1"], expiresAt: START + 1 }],
  [undefined, { subjects: ["user:1"], expiresAt: undefined }],
])("an identity that ends at %s is read", (expiresAt, expected) => {
  expect(identityOf(() => ({ subjects: ["user:1"], expiresAt }), scopeOf())).toEqual(expected);
});

test("an option with a slip is named with `identify()`", () => {
  const decision = identityOf(() => ({ subject: ["user:1"] }) as never, scopeOf());
  expect((decision as { error?: unknown }).error).toMatchObject({
    message: "the result of identify() has no option `subject`: write `subjects`; the options are subjects, expiresAt",
  });
});

test.each([
  [42, 'revoke() got 42: name a subject, as in "user:42"'],
  ["x:null", 'revoke() got "x:null": name a subject, as in "user:42", with an id'],
])("the fault of the subject %j is told", (subject, message) => {
  expect(() => checkSubject("revoke()", subject)).toThrow(new PermissionMisuse(message));
});

test.each(["user:nullable", "user:undefined-42", "user:null/7", "user:[object Object]:1"])(
  "the subject %j is a name",
  (subject) => {
    expect(() => checkSubject("revoke()", subject)).not.toThrow();
  },
);

test.each([
  ["both clocks go on", 40_000, START + 40_000, 60],
  ["the wall clock is set forward", 0, START + 50_000, 50],
  ["the wall clock is set back", 40_000, START - 1_000_000, 60],
  ["the end has passed", 100_001, START + 100_001, 0],
])("the seconds until the end are right when %s", (_what, elapsed, wall, expected) => {
  const expiry = new Expiry(START + 100_000, 60_000);
  vi.advanceTimersByTime(elapsed);
  vi.setSystemTime(wall);
  expect(expiry.secondsLeft).toBe(expected);
});

test.each<[unknown, boolean]>([
  ["user:42", true],
  ["user:", false],
  ["user:undefined", false],
  ["", false],
  [42, false],
])("%j can be a subject: %s", (value, isOne) => {
  expect(isSubject(value)).toBe(isOne);
});
