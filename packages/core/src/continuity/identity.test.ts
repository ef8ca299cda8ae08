import { afterEach, expect, test, vi } from "vitest";
import { scopeOf } from "../../test/connection.js";
import { START, useFakeTime } from "../../test/fake-time.js";
import { Expiry } from "./expiry.js";
import { identityOf, TOKEN_EXPIRED } from "./identity.js";

useFakeTime();
afterEach(() => void vi.restoreAllMocks());

test.each([[new Date(START + 1_000)], [String(START + 1_000)], [Number.POSITIVE_INFINITY], [978_307_199_999]])(
  "an identity does not end at %s",
  (expiresAt) => {
    const decision = identityOf(() => ({ expiresAt: expiresAt as number }), scopeOf());
    expect(decision).toMatchObject({ outcome: "error", by: "identify" });
    expect(String((decision as { error?: unknown }).error)).toContain("give milliseconds since 1970");
  },
);

test("an end of January 2001 is one in the past", () => {
  expect(identityOf(() => ({ expiresAt: 978_307_200_000 }), scopeOf())).toBe(TOKEN_EXPIRED);
});

test.each([
  [START, TOKEN_EXPIRED],
  [START + 1, { subjects: ["user:1"], expiresAt: START + 1 }],
  [undefined, { subjects: ["user:1"], expiresAt: undefined }],
])("an identity that ends at %s is read", (expiresAt, expected) => {
  expect(identityOf(() => ({ subjects: ["user:1"], expiresAt }), scopeOf())).toEqual(expected);
});

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
