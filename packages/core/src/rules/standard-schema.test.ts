import { describe, expect, it } from "vitest";
import type { StandardSchema } from "../types.js";
import { invalidInput, validate } from "./standard-schema.js";

const schema = (answer: unknown): StandardSchema => ({
  "~standard": { version: 1, vendor: "test", validate: () => answer as never },
});

describe("validate", () => {
  it("answers at once where the schema does", () => {
    const result = { value: 1 };
    expect(validate(schema(result), {})).toBe(result);
    const odd = Object.defineProperty({ issues: [] }, THEN, { value: 1 });
    expect(validate(schema(odd), {})).toBe(odd);
  });

  it("makes a native promise of whatever answers later", async () => {
    const thenable = Object.defineProperty({}, THEN, {
      value: (resolve: (value: unknown) => void) => resolve({ value: 2 }),
    });
    for (const later of [Promise.resolve({ value: 2 }), thenable]) {
      const result = validate(schema(later), {});
      expect(result).toBeInstanceOf(Promise);
      expect(await result).toEqual({ value: 2 });
    }
  });
});

it.each([undefined, null, "valid", 1, true, {}, () => ({ value: 1 })])("%o is no result", async (answer) => {
  const message = "it must answer { value } or { issues }";
  expect(() => validate(schema(answer), {})).toThrow(message);
  await expect(validate(schema(Promise.resolve(answer)), {})).rejects.toThrow(message);
});

const THEN = "then";

it("the reason of an invalid payload has 500 characters", () => {
  const issues = Array.from({ length: 100_000 }, (_, index) => ({ message: `no ${"m".repeat(1000)}`, path: [index] }));
  const { code, status, reason, issues: kept } = invalidInput("deny", issues);
  expect([code, status, reason?.length, kept?.length]).toEqual(["invalid_input", 400, 500, 20]);
  for (const nothing of [[], "wrong", 5, [{ message: 5n }]]) {
    expect(invalidInput("error", nothing)).toMatchObject({ reason: "The payload does not fit.", issues: [] });
  }
});

it.each([undefined, null, 5, "no list"])("a failure without a list of issues has none: %j", (found) => {
  expect(invalidInput("deny", found)).toMatchObject({ code: "invalid_input", reason: "The payload does not fit." });
  expect(invalidInput("deny", found).issues ?? []).toEqual([]);
});
