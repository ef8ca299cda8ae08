import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { assertOrders } from "./assert-orders.js";

const warned = vi.spyOn(console, "warn");
beforeEach(() => void warned.mockImplementation(() => undefined));
afterEach(() => void warned.mockReset());

/** A property whose runs fail where `isBad` says so, by their number. */
function failing(isBad: (run: number, value: number) => boolean) {
  let count = 0;
  const property = fc.asyncProperty(fc.nat(), async (value) => {
    count += 1;
    if (isBad(count, value)) throw new Error("violated");
  });
  return { property, count: () => count };
}

test("orders without a violation are played once", async () => {
  const { property, count } = failing(() => false);
  await assertOrders(property, 50);
  expect([count(), warned.mock.calls.length]).toEqual([50, 0]);
});

test("an order that fails again is a violation", async () => {
  const { property } = failing((_run, value) => value > 1_000);
  await expect(assertOrders(property, 50)).rejects.toThrow("Property failed");
  expect(warned).not.toHaveBeenCalled();
});

test("an order that fails again at the second replay is a violation", async () => {
  const { property } = failing((run) => run === 10 || run === 12);
  await expect(assertOrders(property, 50)).rejects.toThrow("Property failed");
});

test("an order that fails once is told, and the others are played", async () => {
  const { property, count } = failing((run) => run === 10);
  await assertOrders(property, 50);
  expect(count()).toBe(52);
  expect(warned.mock.calls).toEqual([[expect.stringMatching(/failed once.*seed -?\d+, path \d/)]]);
});

test("three orders that fail once are no accident", async () => {
  const { property } = failing((run) => [10, 20, 30].includes(run));
  await expect(assertOrders(property, 50)).rejects.toThrow("Property failed");
});
