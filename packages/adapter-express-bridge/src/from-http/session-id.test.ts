import type { IncomingMessage, ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { lastingId } from "./session-id.js";

/** A request with the given url and headers, and a response with the given headers. */
function pair(url: string, headers: object = {}, answered: object = {}) {
  const request = { url, headers } as IncomingMessage;
  return { request, response: { getHeaders: () => answered } as unknown as ServerResponse };
}

test.each([
  ["in the url", pair("/?sid=abc&x=1")],
  ["in a cookie", pair("/", { cookie: "a=1; sid=abc" })],
  ["in a signed cookie", pair("/", { cookie: "sid=s%3Aabc.signature" })],
  ["in one of several headers", pair("/", { "x-sid": ["other", "abc"] })],
  ["behind a longer word", pair("/?id=abcd&sid=abc")],
  ["behind a part of a word", pair("/?id=xabc&sid=abc")],
  ["beside text that cannot be decoded", pair("/?x=%ff&sid=abc")],
])("an id counts %s", (_where, http) => {
  expect(lastingId("abc", http, false)).toBe("abc");
});

test.each([
  ["that is nowhere", pair("/", { cookie: "sid=other" })],
  ["that begins a longer word", pair("/?sid=abcd")],
  ["that ends a longer word", pair("/?sid=xabc")],
])("an id does not count %s", (_where, http) => {
  expect(lastingId("abc", http, false)).toBeUndefined();
});

test("an id of the response counts for a stored session", () => {
  const http = pair("/", {}, { "set-cookie": ["a=1", "sid=s%3Aabc.signature; Path=/"] });
  expect(lastingId("abc", http, true)).toBe("abc");
  expect(lastingId("abc", http, false)).toBeUndefined();
});

test("a header of the response that was never set counts as none", () => {
  expect(lastingId("was", pair("/"), false)).toBeUndefined();
});

test.each([undefined, null, 5, {}, ""])("%j is no id", (id) => {
  expect(lastingId(id, pair("/?a=5&b=null&c=undefined"), false)).toBeUndefined();
});

test("an id that a middleware wrote undecodably is found", () => {
  expect(lastingId("%ff", pair("/?sid=%ff"), false)).toBe("%ff");
});
