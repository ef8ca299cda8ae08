import { PermissionDenied } from "@portcullis/core";
import express, { type RequestHandler } from "express";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { askAction } from "../../test/support.js";
import { fromExpress } from "../index.js";
import { bodyOf } from "./body.js";

afterEach(() => vi.restoreAllMocks());

/** The code of the refusal of a body. `undefined` if it is accepted. */
function refusalOf(value: unknown, limit: number): string | undefined {
  try {
    bodyOf(value, limit);
    return undefined;
  } catch (error) {
    return PermissionDenied.isInstance(error) ? error.code : String(error);
  }
}

/** A list that counts the elements that are read. */
function countingList(length: number) {
  const reads = vi.fn();
  const list = new Proxy(new Array(length).fill("ab"), {
    get(target, key, receiver) {
      if (typeof key === "string" && /^\d+$/.test(key)) reads();
      return Reflect.get(target, key, receiver);
    },
  });
  return { list, reads };
}

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withTypedArray: true,
  withNullPrototype: true,
});

describe("a large body", () => {
  test.each([
    ["bytes", () => Buffer.alloc(990_000)],
    ["bytes in an object", () => ({ file: { content: Buffer.alloc(990_000) } })],
    ["bytes of another kind", () => [new Uint8Array(990_000)]],
    ["a text", () => ({ text: "x".repeat(990_000) })],
    ["names", () => ({ ["x".repeat(990_000)]: 1 })],
    ["many words", () => ({ list: Array(40_000).fill(1) })],
    ["many empty texts", () => ({ list: Array(30_000).fill("") })],
    ["many short names", () => Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [n.toString(36), 1]))],
    ["many names", () => Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`n${n}`, 1]))],
  ])("is refused before JSON is made of it: %s", (_what, make) => {
    const value = make();
    const stringify = vi.spyOn(JSON, "stringify");
    const toJSON = vi.spyOn(Buffer.prototype, "toJSON");
    expect(refusalOf(value, 65_536)).toBe("payload_too_large");
    expect([stringify, toJSON].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
  });

  test("is looked at no further than its limit", () => {
    const { list, reads } = countingList(1_000_000);
    expect(refusalOf(list, 65_536)).toBe("payload_too_large");
    expect(reads).toHaveBeenCalledTimes(0);
    const inner = countingList(600);
    expect(refusalOf(Array(1000).fill(inner.list), 1000)).toBe("payload_too_large");
    expect(inner.reads).toHaveBeenCalledTimes(0);
    const read = vi.fn(() => 1);
    const fields = Array.from({ length: 5 }, (_, n) => [`${n}${"x".repeat(400)}`, { enumerable: true, get: read }]);
    expect(refusalOf(Object.create(null, Object.fromEntries(fields)), 1000)).toBe("payload_too_large");
    expect(read).toHaveBeenCalledTimes(3);
  });

  test("of fewer bytes than the limit is measured as JSON", () => {
    expect(refusalOf(Buffer.alloc(100), 65_536)).toBeUndefined();
    expect(refusalOf(Buffer.alloc(100), 150)).toBe("payload_too_large");
  });

  test("of numbers that are none is looked at within its limit", () => {
    for (const view of [new Float64Array(9).fill(Number.NaN), new DataView(new ArrayBuffer(72))]) {
      expect(refusalOf(view, 72)).toBe("invalid_input");
      expect(refusalOf(view, 71)).toBe("payload_too_large");
    }
  });

  test("is none because its own names come again", () => {
    const circle: Record<string, unknown> = { text: "x".repeat(60) };
    circle.self = circle;
    expect([refusalOf(circle, 100), refusalOf(circle, 60)]).toEqual(["invalid_input", "payload_too_large"]);
  });

  test("is refused by a rule, and no middleware is asked", async () => {
    const asked = vi.fn();
    const payload = { file: Buffer.alloc(990_000) };
    const decision = await askAction(fromExpress(asked, { app: null }), { payload });
    expect(decision).toMatchObject({ outcome: "error", code: "payload_too_large", status: 413 });
    expect(asked).not.toHaveBeenCalled();
  });
});

/** True when JSON represents the value completely. */
function isCarried(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value !== "object" || "toJSON" in value) return value instanceof Date && !Number.isNaN(value.getTime());
  const inner = Object.values(value);
  if (Array.isArray(value)) return [...value].every(isCarried);
  return inner.every((one) => one === undefined || isCarried(one));
}

test("a body is refused if JSON is too long or incomplete", () => {
  fc.assert(
    fc.property(anything, fc.nat(120), (value, limit) => {
      const said = refusalOf(value, limit);
      if (!isCarried(value ?? {})) expect(["invalid_input", "payload_too_large"]).toContain(said);
      else {
        const text = JSON.stringify(value ?? {});
        expect(said).toBe(Buffer.byteLength(text) > limit ? "payload_too_large" : undefined);
      }
    }),
    { numRuns: 2000 },
  );
});

test("a body equals parsed JSON, except for the sign of 0", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const unsigned = JSON.parse(JSON.stringify(value));
      if (value !== null) expect(bodyOf(value, 65_536).body).toStrictEqual(unsigned);
    }),
  );
});

class Order {
  amount = 5;
}

describe("a value that JSON", () => {
  test.each<[string, unknown]>([
    ["infinity", JSON.parse("1e999")],
    ["negative infinity", JSON.parse("-1e999")],
    ["no number", Number.NaN],
    ["a bigint", 1n],
    ["a function", () => 1],
    ["a symbol", Symbol("a")],
    ["nothing in a list", [undefined]],
    ["a hole in a list", new Array(1)],
    ["an object that says its JSON", { toJSON: () => 1 }],
    ["a list that says its JSON", Object.assign([7], { toJSON: () => 1 })],
    ["a date that is none", new Date(Number.NaN)],
    ["a map", new Map([["a", 1]])],
    ["a set", new Set([1])],
    ["memory", new ArrayBuffer(8)],
    ["a view of memory", new DataView(new ArrayBuffer(8))],
    ["numbers that are none", new Float64Array([1, Number.POSITIVE_INFINITY])],
    ["a boxed number", Object(Number.POSITIVE_INFINITY)],
  ])("cannot carry is refused at any depth: %s", (_what, value) => {
    const deep = Array.from({ length: 500 }).reduce<unknown>((inner) => ({ in: [inner] }), value);
    for (const one of [value, { a: value }, [value], { a: [1, { b: value }] }, deep]) {
      expect(refusalOf(one, 65_536)).toBe("invalid_input");
    }
  });

  test.each<[string, unknown, unknown]>([
    ["a date", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["bytes", Buffer.from("a"), { type: "Buffer", data: [97] }],
    ["numbers", new Float32Array([1, 2]), { 0: 1, 1: 2 }],
    ["an instance of a class", new Order(), { amount: 5 }],
    ["what is not there", { a: undefined, b: 1 }, { b: 1 }],
    ["zero with a sign", -0, 0],
    ["what a prototype has", Object.create({ inherited: () => 1 }, {}), {}],
    ["a name of a prototype", JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":1}}')],
  ])("carries is there for the middlewares: %s", (_what, value, expected) => {
    expect(bodyOf({ value }, 65_536).body).toStrictEqual({ value: expected });
  });
});

test("a field that JSON omits is refused at any limit", () => {
  for (const limit of [2, 3, 4, 5, 100]) expect(refusalOf({ a: () => 1 }, limit)).toBeDefined();
});

test("a circle is no JSON, and no large body", () => {
  const circle: Record<string, unknown> = { deep: [{}] };
  circle.self = [circle];
  expect(refusalOf(circle, 65_536)).toBe("invalid_input");
});

test("a middleware sees the same body without a JSON parser", async () => {
  const bodies: unknown[] = [];
  const look: RequestHandler = (request, _response, next) => {
    bodies.push(request.body);
    next();
  };
  const rule = fromExpress([look, express.json({ strict: false }), look], { app: express() });
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string(), anything), async (payload) => {
      bodies.length = 0;
      const { outcome } = await askAction(rule, { payload });
      if (outcome === "allow") expect(bodies[1]).toStrictEqual(bodies[0]);
    }),
    { numRuns: 300 },
  );
});
