import { afterEach, expect, test, vi } from "vitest";
import { FIRST_RETRY, waitAfter } from "./retry-wait.js";

afterEach(() => vi.restoreAllMocks());

test("the wait doubles up to 30 seconds", () => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  expect([1, 2, 3, 5, 6, 2_000].map(waitAfter)).toEqual([1_000, 2_000, 4_000, 16_000, 30_000, 30_000]);
  expect(waitAfter(1)).toBe(FIRST_RETRY);
});

test("up to the half is left out at random", () => {
  const random = vi.spyOn(Math, "random").mockReturnValue(0.5);
  expect([1, 6].map(waitAfter)).toEqual([750, 22_500]);
  random.mockReturnValue(1);
  expect([1, 6].map(waitAfter)).toEqual([500, 15_000]);
});
