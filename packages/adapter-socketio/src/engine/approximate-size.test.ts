import { expect, test } from "vitest";
import { sizeOf } from "./approximate-size.js";

test.each([
  ["a text, by its characters", "four", 4],
  ["an empty text", "", 0],
  ["bytes", new Uint8Array(100), 100],
  ["bytes of Node", Buffer.alloc(100), 100],
  ["a part of bytes, by itself", new Uint8Array(100).subarray(90), 10],
  ["a view of bytes", new DataView(new ArrayBuffer(100), 60), 40],
  ["a buffer", new ArrayBuffer(100), 100],
  ["a number", 1e9, 8],
  ["a truth", true, 8],
  ["nothing", null, 8],
  ["what is not there", undefined, 8],
  ["a large number", 1n, 8],
  ["a date", new Date(), 8],
  ["an empty list", [], 8],
  ["a list", [1, "four", null], 8 + 8 + 4 + 8],
  ["an empty object", {}, 8],
  ["an object, with its keys", { key: "four", other: 1 }, 8 + 3 + 4 + 5 + 8],
  ["what is inside", [{ list: [[new Uint8Array(100)]] }], 8 + 8 + 4 + 8 + 8 + 100],
])("%s", (_what, value, size) => {
  expect(sizeOf(value)).toBe(size);
});

test("what is as deep as a client likes", () => {
  let value: unknown = "end";
  for (let depth = 0; depth < 100_000; depth++) value = [value];
  expect(sizeOf(value)).toBe(8 * 100_000 + 3);
});

test("what contains itself counts once", () => {
  const list: unknown[] = ["four"];
  list.push({ list }, list);
  expect(sizeOf(list)).toBe(8 + 4 + 8 + 4 + 8 + 8);
});
