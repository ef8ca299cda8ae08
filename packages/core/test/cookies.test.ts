import { createRequire } from "node:module";
import { HandshakeScope } from "@portcullis/core/adapter";
import fc from "fast-check";
import { expect, test } from "vitest";

// The version that Express resolves, not one of another package.
const { parse } = createRequire(createRequire(import.meta.url).resolve("express"))("cookie") as {
  parse(header: string): Record<string, string | undefined>;
};

const ours = (cookie: string) =>
  Object.entries(
    new HandshakeScope(
      {
        transport: "test",
        path: "/",
        url: "/",
        headers: { cookie },
        remoteAddress: undefined,
        secure: false,
        connectedAt: 0,
        request: undefined,
      },
      {},
    ).cookies,
  );

/**
 * The cookies as the package `cookie` parses them. It cannot keep a cookie with the name `__proto__`, which is plain
 * data in a scope.
 */
const theirs = (header: string) => Object.entries(parse(header));

const blank = ["", " ", "\t", " \t ", "\xA0", "\v", "\f", "\uFEFF", "\u2003", "\r", "\n"];
const word = ["", "a", "A", "sid", "__Host-sid", "constructor", "toString", "é", "%61", "%zz", "%", "%C3%A9", "%00"];
const mark = ["=", "==", ";", ";;", ",", '"', '""', '"a"', "\\", "\\0"];
const header = fc
  .array(fc.oneof(...[blank, word, mark].map((texts) => fc.constantFrom(...texts)), fc.string({ maxLength: 3 })), {
    maxLength: 24,
  })
  .map((parts) => parts.join(""));

test("Cookies are read as Express reads them", () => {
  fc.assert(
    fc.property(header, (text) => {
      fc.pre(!text.includes("__proto__"));
      expect(ours(text)).toEqual(theirs(text));
    }),
    { numRuns: 20_000 },
  );
});

test.each([
  "",
  "=",
  "a",
  "==",
  "=;",
  ";=",
  "a=1",
  'a="',
  'a=" 1 "',
  'a="1',
  "a=1; a=2",
  " = 1",
  "a;b;c=1",
  "a=%E0%A4%A; b=%61",
  "\xA0__Host-sid=evil; __Host-sid=mine",
  "__Host-sid\xA0=evil; __Host-sid=mine",
  "toString=1; constructor=2; hasOwnProperty=3",
])("%j is read as Express reads it", (text) => {
  expect(ours(text)).toEqual(theirs(text));
});

test("A cookie of the name `__proto__` is data", () => {
  expect(ours("__proto__=1; a=2")).toEqual([
    ["__proto__", "1"],
    ["a", "2"],
  ]);
});
