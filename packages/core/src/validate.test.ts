import { describe, expect, it } from "vitest";
import type { StandardSchema } from "./types.js";
import { describeIssues, validate } from "./validate.js";

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

describe("describeIssues", () => {
  it("is one sentence, with the path where there is one", () => {
    expect(
      describeIssues([
        { message: "expected a string", path: ["room"] },
        { message: "too long", path: ["parts", 0, { key: "text" }, Symbol("s")] },
        { message: "unknown key", path: [] },
        { message: "no object" },
      ]),
    ).toBe("room: expected a string; parts.0.text.Symbol(s): too long; unknown key; no object");
    expect(describeIssues([])).toBe("");
  });
});
