import { afterEach, expect, test, vi } from "vitest";
import { keepCookies, withCookies } from "./cookies.js";

afterEach(() => void vi.useRealTimers());

function connection(...lines: string[]) {
  const scope = { request: {} };
  keepCookies(scope, lines);
  return (header?: string | string[]) => withCookies(scope, header);
}

const PAST = "Thu, 01 Jan 1970 00:00:00 GMT";
const FUTURE = "Fri, 01 Jan 2100 00:00:00 GMT";

test.each<[string, string[], string | undefined, string | undefined]>([
  ["nothing is set", [], "a=1;b=2 ", "a=1;b=2 "],
  ["nothing is set and nothing sent", [], undefined, undefined],
  ["one is added", ["c=3; Path=/; HttpOnly"], "a=1; b=2", "a=1; b=2; c=3"],
  ["one is the first", ["c=3"], undefined, "c=3"],
  ["one is replaced, wherever it is", ["a=3"], "a=1;b=2; a =4", "b=2; a=3"],
  ["names are told by case", ["A=3"], "a=1", "a=1; A=3"],
  ["white space around one is dropped", [" c = 3 ; Path=/"], "a=1", "a=1; c = 3"],
  ["a value has an equals sign", ["a=3==; Path=/"], "a=1", "a=3=="],
  ["the last of a name counts", ["a=2", "a=3"], undefined, "a=3"],
  ["Max-Age of zero deletes", ["a=; Max-Age=0"], "a=1; b=2", "b=2"],
  ["a negative Max-Age deletes", ["a=; max-age=-1"], "a=1", undefined],
  ["an Expires in the past deletes", [`a=; expires=${PAST}`], "a=1", undefined],
  ["an Expires in the future keeps", [`a=2; Expires=${FUTURE}`], "a=1", "a=2"],
  ["Max-Age counts before Expires", [`a=2; Expires=${PAST}; Max-Age=60`], "a=1", "a=2"],
  ["Max-Age counts before Expires", [`a=2; Max-Age=0; Expires=${FUTURE}`], "a=1", undefined],
  ["a deleted one is set again", ["a=; Max-Age=0", "a=2"], "a=1", "a=2"],
  ["nonsense dates keep", ["a=2; Expires=soon; Max-Age=later"], "a=1", "a=2"],
  ["an attribute behind Expires changes nothing", [`a=; Expires=${PAST}; Path=/`], "a=1", undefined],
  ["white space around attributes is dropped", [`a=; Max-Age = 0 `, `b=; Expires = ${PAST}`], "a=1; b=2", undefined],
  ["a Max-Age that is no number leaves it to Expires", [`a=; Expires=${PAST}; Max-Age=x1`], "a=1", undefined],
  ["a Max-Age that ends in no number does so too", [`a=; Expires=${PAST}; Max-Age=1x`], "a=1", undefined],
  ["a number as another attribute deletes nothing", ["a=2; Path=0"], "a=1", "a=2"],
  ["a date as another attribute deletes nothing", [`a=2; Path=${PAST}`], "a=1", "a=2"],
  ["attributes with similar names delete nothing", ["a=2; Max-Ages=0; X-Max-Age=0"], "a=1", "a=2"],
  ["a line without a name is none", ["=2", ""], "a=1", "a=1"],
])("%s: %j", (_what, lines, header, sent) => {
  expect(connection(...lines)(header)).toBe(sent);
});

test("a header that came in parts", () => {
  expect(connection("a=3")(["a=1", "b=2"])).toBe("b=2; a=3");
});

test("a connection keeps no cookies of another", () => {
  const first = connection("a=1");
  const second = connection();
  expect([first(), second()]).toEqual(["a=1", undefined]);
});

test.each([
  ["many", Array.from({ length: 65 }, (_, index) => `c${index}=1`)],
  ["long", Array.from({ length: 5 }, (_, index) => `c${index}=${"x".repeat(4000)}`)],
])("too %s cookies are a fault, and not lost unseen", (_what, lines) => {
  expect(() => connection(...lines)).toThrow(/a browser keeps no more/);
});

test.each([
  ["64 cookies", (more: number) => Array.from({ length: 64 + more }, (_, index) => `c${index}=1`)],
  ["16,384 characters", (more: number) => [`a=${"x".repeat(16_380 + more)}`]],
  [
    "16,384 characters of several",
    (more: number) => ["a", "b"].map((name) => `${name}=${"x".repeat(8188)}`).concat(more ? "c" : []),
  ],
])("%s are kept, and one more is a fault", (_what, lines) => {
  expect(() => connection(...lines(0))).not.toThrow();
  expect(() => connection(...lines(1))).toThrow(/a browser keeps no more/);
});

test("an Expires of this moment deletes a cookie", () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(FUTURE) });
  expect(connection(`a=2; Expires=${FUTURE}`)("a=1")).toBeUndefined();
});

test.each([null, undefined, "gone"])("a request that is %j leaves cookies to the headers", (request) => {
  const scope = { request, headers: {} };
  keepCookies(scope as never, ["a=1"]);
  expect(withCookies(scope as never, undefined)).toBe("a=1");
});

test.each([null, undefined, "gone"])("headers that are %j leave cookies to the request", (headers) => {
  const scope = { request: {}, headers };
  keepCookies(scope as never, ["a=1"]);
  expect(withCookies(scope as never, undefined)).toBe("a=1");
});

test("cookies of the same name take no room", () => {
  const scope = { request: {} };
  for (let count = 0; count < 1000; count++) keepCookies(scope, [`a=${count}`]);
  expect(withCookies(scope, undefined)).toBe("a=999");
});
