import { expect, test } from "vitest";
import { readContinuityOptions } from "./options.js";
import { nextDue } from "./timetable.js";

const OPTIONS = readContinuityOptions({ grace: 100, revalidate: { every: 1_000, grace: 200 } });
const NOTHING = {
  expiry: undefined,
  revalidateAt: undefined,
  overdueAt: undefined,
  isPending: false,
  retryAt: undefined,
  heldUntil: 0,
};
const EXPIRY = { due: 100, warnAt: 80, passedAt: undefined, isTold: false };

test.each([
  ["nothing", {}, Number.POSITIVE_INFINITY],
  ["a revalidation", { revalidateAt: 850, overdueAt: 1_000 }, 850],
  ["a question after a fault", { revalidateAt: 850, retryAt: 840 }, 840],
  ["an overdue revalidation", { overdueAt: 1_000 }, 1_000],
  ["an overdue revalidation without an answer", { overdueAt: 1_000, isPending: true }, 1_200],
  ["a refresh without a revalidation", { isPending: true }, Number.POSITIVE_INFINITY],
  ["a warning", { expiry: EXPIRY }, 80],
  ["an end after the warning", { expiry: { ...EXPIRY, warnAt: undefined } }, 100],
  ["an end that the client is not told of", { expiry: { ...EXPIRY, passedAt: 99 } }, 99],
  ["the grace after an end", { expiry: { ...EXPIRY, passedAt: 100, isTold: true } }, 200],
  ["a renewal after the end", { expiry: { ...EXPIRY, passedAt: 100, isTold: true }, heldUntil: 250 }, 250],
])("the next time for %s is known", (_what, parts, expected) => {
  expect(nextDue({ ...NOTHING, ...parts } as never, OPTIONS)).toBe(expected);
});
