import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pathOf } from "./request-path.js";

/** The path by which an application routes. */
const routed = (target: string) => {
  try {
    return new URL(target, "http://app.example:8080").pathname;
  } catch {
    return undefined;
  }
};

describe("the path of a target", () => {
  test.each([
    ["/public/../admin", "/admin"],
    ["http://x/admin", "/admin"],
    ["//x/admin", "/admin"],
    ["/x\\..\\admin", "/admin"],
    ["/%2e%2e/admin", "/admin"],
    ["/a/%2E/b/.%2e/c", "/a/c"],
    ["/\\x/admin", "/admin"],
    ["/a//b", "/a//b"],
    ["/a..b/c.", "/a..b/c."],
    ["/a%2fb", "/a%2fb"],
    ["/a b", "/a%20b"],
    ["/a\tb", "/ab"],
    ["/é", "/%C3%A9"],
    ["/rooms?x=/../admin", "/rooms"],
    ["/rooms#/../admin", "/rooms"],
    ["?x", "/"],
    ["", "/"],
    ["*", "/*"],
    ["//", undefined],
    ["http://", undefined],
    ["//a b/", undefined],
  ])("of %j is %j", (target, path) => {
    expect(pathOf(target)).toBe(path);
    expect(routed(target)).toBe(path);
  });

  const part = fc.constantFrom(
    ...["/", "//", "\\", ".", "..", "%2e", "%2E", "%", "%zz", "%2f", "?", "#", ":", "@", "a", "B", "0", "~", "_", "-"],
    ...["!$&'()*+,;=", "[", "]", "|", "^", "`", "{", "}", '"', "<", ">", " ", "\t", "\n", "\0", "\x7f", "\xA0", "é"],
    ...["http:", "ws://", "x", "C:", "localhost", "\uD800", "😀", "admin", "index.html", ".well-known"],
  );

  test("is what `new URL()` reads, for whatever is asked", () => {
    const target = fc.tuple(fc.constantFrom("/", "", "//", "/a/"), fc.array(part, { maxLength: 12 }));
    const texts = fc.oneof(
      target.map(([start, parts]) => start + parts.join("")),
      fc.string({ unit: "binary" }),
      fc.webUrl(),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(pathOf(text)).toBe(routed(text));
      }),
      { numRuns: 20_000 },
    );
  });
});
