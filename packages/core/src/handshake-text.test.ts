import { expect, test } from "vitest";
import { readCookies, readQuery } from "./handshake-text.js";

test.each([
  ["/chat", {}],
  ["/chat?", {}],
  ["/chat?room=lobby&v=2", { room: "lobby", v: "2" }],
  ["/chat?a=1&a=2&a=3", { a: ["1", "2", "3"] }],
  ["/chat?a=b%20c+d&e", { a: "b c d", e: "" }],
])("the query of %s", (url, query) => {
  expect({ ...readQuery(url) }).toEqual(query);
});

test("names of a query and of cookies are data", () => {
  const query = readQuery("/?__proto__=1&constructor=2");
  const cookies = readCookies("__proto__=1; constructor=2");
  for (const read of [query, cookies]) {
    expect(Object.getPrototypeOf(read)).toBeNull();
    expect(Object.entries(read)).toEqual([
      ["__proto__", "1"],
      ["constructor", "2"],
    ]);
  }
});

test.each([
  [undefined, {}],
  ["a=1; b=2", { a: "1", b: "2" }],
  ["a=1; a=2", { a: "1" }],
  ['a="quoted"; b="', { a: "quoted", b: '"' }],
  ["a=%20x; b=%zz", { a: " x", b: "%zz" }],
  ["; =1; nothing; a = 1 ; =", { a: "1" }],
])("the cookies of %s", (header, cookies) => {
  expect({ ...readCookies(header) }).toEqual(cookies);
});
