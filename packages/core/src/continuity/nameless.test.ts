import { AllowAny, definePolicy } from "@portcullis/core";
import { expect, test, vi } from "vitest";
import { lasting } from "../../test/lasting.js";
import { memoryRevocations } from "./memory-log.js";
import type { ContinuityOptions } from "./options.js";

const policy = definePolicy({ permissions: AllowAny });
const ann = { user: { id: "ann" } };
const revocations = () => ({ revocations: memoryRevocations() });

test.each<[string, object, () => unknown, () => ContinuityOptions, number]>([
  ["nothing for a user", ann, () => undefined, revocations, 1],
  ["an end alone for a user", ann, () => ({ expiresAt: Date.now() + 60_000 }), revocations, 1],
  ["a name for a user", ann, () => ({ subjects: ["user:ann"] }), revocations, 0],
  ["nothing for a guest", { user: null }, () => undefined, revocations, 0],
  ["nothing for a user, without revocations", ann, () => undefined, () => ({}), 0],
])("the hint for identify() that returns %s", async (_what, scope, identify, options, count) => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const { open } = lasting(policy, () => scope, { identify: identify as never, ...options() }, { hints: true });
  await open();
  await open();
  expect(warned.mock.calls.filter(([text]) => String(text).includes("has named no subject"))).toHaveLength(count);
  warned.mockRestore();
});

test.each<[string, () => unknown, () => ContinuityOptions, number]>([
  ["no subject", () => null, revocations, 1],
  ["a subject", () => ({ subjects: ["address:1"] }), revocations, 0],
  ["no subject, without revocations", () => null, () => ({}), 0],
])("the hint for a guard without `authenticate` that names %s", async (_what, identify, options, count) => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const { open } = lasting(policy, undefined, { identify: identify as never, ...options() }, { hints: true });
  await open();
  await open();
  const told = warned.mock.calls.filter(([text]) => String(text).includes("the guard has no `authenticate`"));
  expect(told).toHaveLength(count);
  warned.mockRestore();
});
