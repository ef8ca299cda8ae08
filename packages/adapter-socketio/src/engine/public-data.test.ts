import { allow, and, deny, fault } from "@portcullis/core";
import { describe, expect, test } from "vitest";
import { withoutDecisions } from "./public-data.js";

const SECRET = { dsn: "postgres://secret" };
const broken = fault("directory_down", { error: Object.assign(new Error("down"), SECRET) });
const PUBLIC = { code: "directory_down", status: 500, reason: expect.any(String), retry: "never" };

/** Copies own fields as some parsers of socket.io do, without calling `toJSON`. */
function copyFields(value: unknown): unknown {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map(copyFields);
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, copyFields(entry)]));
}

describe("data that a parser copies field by field", () => {
  test.each([
    ["a decision", broken, PUBLIC],
    ["a nested decision", [{ broken }, 1], [{ broken: PUBLIC }, 1]],
    ["a decision beside bytes", { broken, file: Buffer.of(1) }, { broken: PUBLIC, file: Buffer.of(1) }],
    ["an allowing decision", { made: allow(SECRET) }, { made: expect.objectContaining({ code: "allowed" }) }],
    ["a copy by spread", { ...broken, n: 1 }, { outcome: "error", ...PUBLIC, by: "", n: 1 }],
  ])("shows no private field of %s", (_what, data, shown) => {
    const copied = copyFields(withoutDecisions(data));
    expect(copied).toEqual(shown);
    expect(JSON.stringify(copied)).not.toContain("secret");
  });
});

test("data without a decision is the same value", () => {
  const file = Buffer.of(1);
  for (const data of [undefined, null, 1, "text", file, [1, { list: [{}] }], { a: { b: [null] }, error: 1 }, and]) {
    expect(withoutDecisions(data)).toBe(data);
  }
});

test.each(["error", "causes", "evidence"])("a copy of a decision has no key `%s`", (key) => {
  const copy = { ...deny("no"), [key]: "secret" };
  expect(Object.keys(withoutDecisions(copy) as object)).not.toContain(key);
});

test("data that resembles a decision keeps its fields", () => {
  for (const key of ["error", "causes", "evidence"]) {
    const data = { outcome: "won", code: 1, [key]: "of the application" };
    expect(withoutDecisions(data)).toBe(data);
  }
});

test("the data of the handler is not changed", () => {
  const data = Object.freeze({ list: Object.freeze([broken, 1]), at: 1 });
  expect(withoutDecisions(data)).toEqual({ list: [PUBLIC, 1], at: 1 });
  expect(data.list[0]).toBe(broken);
});

test("an object keeps the prototype that says how it is sent", () => {
  class Answer {
    readonly inner = deny("no");
    readonly secret = "secret";
    toJSON() {
      return { inner: this.inner };
    }
  }
  expect(JSON.stringify(withoutDecisions(new Answer()))).toMatch(/^\{"inner":\{"code":"no",[^}]*\}\}$/);
});

test("inherited fields are left alone", () => {
  const data = Object.create({ inherited: broken });
  expect(withoutDecisions(data)).toBe(data);
});

test("data that contains itself throws", () => {
  const loop: Record<string, unknown> = {};
  loop.loop = loop;
  expect(() => withoutDecisions(loop)).toThrow(RangeError);
});
