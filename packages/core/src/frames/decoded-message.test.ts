import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { encodedLength, sizeOf } from "./decoded-message.js";

test("the size of a text is that of its UTF-8 form", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const { byteLength } = new TextEncoder().encode(text);
      expect([sizeOf(text), encodedLength(text)]).toEqual([byteLength, byteLength]);
    }),
    { numRuns: 200 },
  );
});

test.each([
  ["nothing", undefined, 0],
  ["bytes", new Uint8Array([200, 201]), 2],
  ["a text of ASCII", "a\u007f", 2],
  ["a text of other characters", "\u0080", 2],
  ["a lone surrogate", "\ud800", 3],
])("the size of %s is counted", (_what, frame, size) => {
  expect(sizeOf(frame)).toBe(size);
});

test("a runtime without Buffer counts the same", async () => {
  vi.stubGlobal("Buffer", undefined);
  const path = "./decoded-message.js?alone";
  const alone = await import(path);
  vi.unstubAllGlobals();
  expect([alone.sizeOf("aé"), alone.sizeOf("abc")]).toEqual([3, 3]);
});
