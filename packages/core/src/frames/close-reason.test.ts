import fc from "fast-check";
import { expect, test } from "vitest";
import { closeReason } from "./close-reason.js";

const bytesOf = (text: string) => new TextEncoder().encode(text).byteLength;

test.each([
  ["", ""],
  ["going away", "going away"],
  ["a".repeat(123), "a".repeat(123)],
  ["a".repeat(124), "a".repeat(123)],
  ["é".repeat(62), "é".repeat(61)],
  [`${"a".repeat(121)}😀`, "a".repeat(121)],
])("%j becomes %j", (text, shortened) => {
  expect(closeReason(text)).toBe(shortened);
});

test("a reason is the longest start that fits into a close frame", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (text) => {
      const reason = closeReason(text);
      expect(text.startsWith(reason)).toBe(true);
      expect(bytesOf(reason)).toBeLessThanOrEqual(123);
      const [next = ""] = text.slice(reason.length);
      if (next !== "") expect(bytesOf(reason + next)).toBeGreaterThan(123);
    }),
  );
});
