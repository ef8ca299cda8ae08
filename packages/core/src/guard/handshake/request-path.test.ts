import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pathOf } from "./request-path.js";

describe("the path of a target", () => {
  test.each([
    ["/", "/"],
    ["/rooms/7", "/rooms/7"],
    ["/rooms?x=/../admin", "/rooms"],
    ["/rooms?x=//a\\b", "/rooms"],
    ["/a//b", "/a//b"],
    ["/a..b/c.", "/a..b/c."],
    ["/.well-known/x", "/.well-known/x"],
    ["/...", "/..."],
    ["/a%2fb", "/a%2fb"],
    ["/a%20b/%C3%A9", "/a%20b/%C3%A9"],
    ["/a[0]|b", "/a[0]|b"],
    ["/socket.io/?EIO=4&transport=websocket", "/socket.io/"],
  ])("of %j is %j", (target, path) => {
    expect(pathOf(target)).toBe(path);
  });

  test.each([
    ...[
      "",
      "*",
      "?x",
      "x",
      "//",
      "//x/admin",
      "///admin",
      "/\\x/admin",
      "\\admin",
      "http://",
      "http://x/admin",
      "ws:///admin",
    ],
    ...["http:///admin", "/public/../admin", "/admin/.", "/x\\..\\admin", "/%2e%2e/admin", "/a/%2E/b", "/a/.%2e/b"],
    ...["/admin#", "/rooms#/../admin", "/rooms?a#b", "/a b", "/a\tb", "/a\0", "/é", '/a"b', "/<a>", "/\uD800"],
  ])("of %j is refused", (target) => {
    expect(pathOf(target)).toBeUndefined();
  });

  const part = fc.constantFrom(
    ...["/", "//", "\\", ".", "..", "%2e", "%2E", "%", "%zz", "%2f", "?", "#", ":", "@", "a", "B", "0", "~", "_", "-"],
    ...["!$&'()*+,;=", "[", "]", "|", "^", "`", "{", "}", '"', "<", ">", " ", "\t", "\n", "\0", "\x7f", "\xA0", "é"],
    ...["http:", "ws://", "x", "C:", "localhost", "\uD800", "😀", "admin", "index.html", ".well-known"],
  );

  test("has one reading, or is refused", () => {
    const target = fc.tuple(fc.constantFrom("/", "", "//", "/a/"), fc.array(part, { maxLength: 12 }));
    const texts = fc.oneof(
      target.map(([start, parts]) => start + parts.join("")),
      fc.string({ unit: "binary" }),
      fc.webUrl(),
      fc.webPath(),
    );
    let read = 0;
    fc.assert(
      fc.property(texts, (text) => {
        const path = pathOf(text);
        if (path === undefined) return;
        read += 1;
        expect(new URL(text, "http://app.example:8080").pathname).toBe(path);
        expect(new URL(`http://app.example${text}`).pathname).toBe(path);
        expect(text.split("?")[0]).toBe(path);
        expect(path).not.toContain("#");
      }),
      { numRuns: 20_000 },
    );
    expect(read).toBeGreaterThan(2_000);
  });

  test("is found for every path that a browser sends", () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), (text) => {
        const { pathname, search } = new URL(text);
        fc.pre(!pathname.startsWith("//"));
        expect(pathOf(pathname + search)).toBe(pathname);
      }),
      { numRuns: 5_000 },
    );
  });
});
