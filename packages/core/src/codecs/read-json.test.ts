import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canEcho, isRecord, parseJson, without } from "./read-json.js";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("a frame of JSON", () => {
  test("reads the same from text and from bytes", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJson(bytes(text))).toEqual(parseJson(text));
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each(["", "{", "undefined", "{'a':1}", "\ufeff{}"])("is not %j, as text or as bytes", (text) => {
    expect([parseJson(text), parseJson(bytes(text))]).toEqual([undefined, undefined]);
  });

  test.each([[[0x22, 0xff, 0x22]], [[0x22, 0xc3, 0x22]], [[0x22, 0xed, 0xa0, 0x80, 0x22]]])(
    "is not %j, which is no UTF-8",
    (wrong) => {
      expect(parseJson(Uint8Array.from(wrong))).toBeUndefined();
    },
  );
});

test("an object is neither null nor a list", () => {
  expect([{}, Object.create(null), [], null, "a", 5, undefined].map(isRecord)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
});

test("a copy without two keys keeps every other key, as data", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.oneof(fc.string(), fc.constant("__proto__")), fc.jsonValue()), (record) => {
      const parsed = JSON.parse(JSON.stringify(record));
      const copy = without({ ...parsed, a: 1, b: 2 }, "a", "b");
      expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
      const { a: _a, b: _b, ...rest } = parsed;
      expect(Object.keys(copy)).toEqual(Object.keys(rest));
    }),
  );
  const copy = without(JSON.parse('{"__proto__":{"isAdmin":true},"a":1}'), "a", "b");
  expect(Object.getOwnPropertyDescriptor(copy, "__proto__")).toEqual({
    value: { isAdmin: true },
    writable: true,
    enumerable: true,
    configurable: true,
  });
});

test("an id nested 100 levels deep is echoed, one level more is not", () => {
  const nested = (levels: number) => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`);
  expect([canEcho(nested(100)), canEcho(nested(101))]).toEqual([true, false]);
  expect([canEcho(null), canEcho(5), canEcho({ a: [1, null] }), canEcho([1, nested(101)])]).toEqual([
    true,
    true,
    true,
    false,
  ]);
});
