import { PermissionMisuse } from "@portcullis/core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { scopeOf } from "../../../test/connection.js";
import { type Origins, readOrigins } from "./allowed-origins.js";
import { isOwnOrigin, judgeOrigin } from "./origin.js";

const admits = (origins: Origins, origin: string | undefined, headers = {}) =>
  judgeOrigin(readOrigins(origins), scopeOf({ origin, headers })) === undefined;

test("nothing is the same origin", () => {
  expect(readOrigins(undefined)).toBe(isOwnOrigin);
});

describe("a text", () => {
  test.each([
    ["https://app.example:443", "https://app.example"],
    ["https://bücher.example", "https://xn--bcher-kva.example"],
    ["chrome-extension://ABC", "chrome-extension://abc"],
    ["file://", "file://"],
    ["null", "null"],
    ["x-ws://main", "x-ws://main"],
  ])("%s names %s", (entry, origin) => {
    expect(admits([entry], origin)).toBe(true);
    expect(admits([entry], "https://evil.example")).toBe(false);
    expect(admits([entry], undefined)).toBe(false);
  });

  test.each([
    ["https://a.example/", "nothing behind them"],
    ["https://a.example/app", "nothing behind them"],
    ["a.example", "nothing behind them"],
    ["1https://app.example", "nothing behind them"],
    ["https://ann@a.example", "nothing behind them"],
    ["https://a.example:99999", "nothing behind them"],
    ["", "nothing behind them"],
    [5, "nothing behind them"],
    [undefined, "nothing behind them"],
    [{ toString: (): string => "https://app.example" }, "nothing behind them"],
    ["*", 'write `origins: "*"`'],
    ["https://*.example", "write a regular expression"],
    ["*.example", "write a regular expression"],
    ["wss://a.example", "the origin of the page"],
    ["WS://a.example", "the origin of the page"],
    ["https://a.example/ws:x", "nothing behind them"],
  ])("%s is a misuse that says what to write", (wrong, advice) => {
    expect(() => readOrigins([wrong as string])).toThrow(PermissionMisuse);
    expect(() => readOrigins([wrong as string])).toThrow(advice);
  });
});

test.each(["https://a.example", "**", {}, 5, null, new Set(["https://a.example"]), /^https:\/\/a\.example$/])(
  "%s is no list",
  (wrong) => {
    expect(() => readOrigins(wrong as never)).toThrow("give a list");
  },
);

describe("a regular expression", () => {
  const tenants = [/^https:\/\/[a-z0-9-]+\.app\.example$/, null];

  test.each([
    ["https://one.app.example", true],
    ["https://ONE.app.example:443", true],
    ["https://app.example", false],
    ["https://one.two.app.example", false],
    ["https://one.app.example:8443", false],
    ["https://one.app.example.evil.example", false],
    ["https://evil.example/https://one.app.example", false],
    ["null", false],
    [undefined, true],
  ])("of subdomains names %s: %s", (origin, expected) => {
    expect(admits(tenants, origin)).toBe(expected);
  });

  test("names the own origin of a page that polls it", () => {
    const headers = { host: "one.app.example", "sec-fetch-site": "same-origin", cookie: "a=1" };
    expect(admits([/^https:\/\/[a-z]+\.app\.example$/], undefined, headers)).toBe(true);
    expect(admits([/^https:\/\/[a-z]+\.web\.example$/], undefined, headers)).toBe(false);
  });

  test("names no missing origin, whatever it matches", () => {
    expect(admits([/^[a-z]+$/], undefined)).toBe(false);
  });

  test("ignores case and later changes by its owner", () => {
    const pattern = /^https:\/\/App\.example$/;
    const rule = readOrigins([pattern]);
    pattern.compile(".*");
    expect(judgeOrigin(rule, scopeOf({ origin: "https://app.example" }))).toBeUndefined();
    expect(judgeOrigin(rule, scopeOf({ origin: "https://evil.example" }))).toBeDefined();
  });

  test.each([
    /https:\/\/a\.example/,
    /^https:\/\/a\.example/,
    /https:\/\/a\.example$/,
    /^https:\/\/a\.example|https:\/\/b\.example$/,
    /^https:\/\/(?:a|b)\.example|c$/,
    /^https:\/\/a\.example\$/,
    /\^https:\/\/a\.example$/,
    /^https:\/\/a\.example[$]/,
    /^(?:https:\/\/a\.example$)/,
    /^[(]|[)]$/,
    /a|^b$/,
    /(?:a)^b$/,
    /^[\]|]|a$/,
    /(?:)/,
    /(?:)/,
  ])("%s is not anchored", (pattern) => {
    expect(() => readOrigins([pattern])).toThrow(PermissionMisuse);
    expect(() => readOrigins([pattern])).toThrow("begin it with ^ and end it with $");
  });

  test.each([
    /^https:\/\/([a-z0-9]+-?)+\.app\.example$/,
    /^(?:a*)*$/,
    /^(?:a{2,})+$/,
    /^(?:(?:a+)?b?){1,50}$/,
    /^((\w+\.?)(b))+$/,
    /^(a|(?:b|c+))*$/,
    /^(?:a{10,})+$/,
    /^(?:(?:a{10,})b)+$/,
  ])("%s repeats a repetition", (pattern) => {
    expect(() => readOrigins([pattern])).toThrow("write one character class");
  });

  test.each([
    /^https:\/\/[a-z0-9.-]+\.app\.example$/,
    /^https:\/\/(?:[a-z]+\.)?app\.example$/,
    /^https:\/\/(?:[a-z0-9-]+\.)*app\.example$/,
    /^https:\/\/(\w+\.)+app\.example$/,
    /^https:\/\/(?:a|b)+\.(?:[+*]x){1,2}$/,
    /^(?:\(a\+\)b)+$/,
    /^(?:a{2})+b*$/,
    /^(?:a*)(?:[a-z]+\.)+b$/,
    /^(?:a*)[0-9]+$/,
    /^(?:(?:a|b)c)+$/,
    /^(?:a*(?:b))(?:c)+$/,
  ])("%s repeats none", (pattern) => {
    expect(() => readOrigins([pattern])).not.toThrow();
  });

  test.each([/^a$/g, /^a$/y, /^a$/m, /^a$/gi])("%s has a flag that it may not have", (pattern) => {
    expect(() => readOrigins([pattern])).toThrow(PermissionMisuse);
    expect(() => readOrigins([pattern])).toThrow("without the flags");
  });

  test.each([
    /^(?:https:\/\/a\.example|app:\/\/(?:b|c))$/,
    /^https:\/\/[|$^]?a\.example$/i,
    /^\|?https:\/\/a$/u,
    /^a[\]|]$/,
  ])("%s is anchored", (pattern) => {
    expect(() => readOrigins([pattern])).not.toThrow();
  });

  test("that is taken matches a whole text or nothing", () => {
    const pieces = ["^", "$", "|", "(", "(?:", ")", "[", "]", "\\", "a", "b", "c", "*", "+", "?", "."];
    const source = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join(""));
    const anchored = fc.oneof(
      source,
      source.map((inner) => `^${inner}$`),
      source.map((inner) => `^(?:${inner})$`),
    );
    const text = fc.array(fc.constantFrom(..."abc^$|()[]\\"), { maxLength: 8 }).map((letters) => letters.join(""));
    let taken = 0;
    fc.assert(
      fc.property(anchored, fc.array(text, { minLength: 5, maxLength: 5 }), (made, texts) => {
        let pattern: RegExp;
        try {
          pattern = new RegExp(made);
        } catch {
          return;
        }
        try {
          readOrigins([pattern]);
        } catch {
          return;
        }
        taken += 1;
        for (const each of texts) {
          const match = pattern.exec(each);
          if (match) expect([match.index, match[0].length]).toEqual([0, each.length]);
        }
      }),
      { numRuns: 2000 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});

describe('"*"', () => {
  let print = vi.spyOn(console, "error");
  beforeEach(() => {
    print = vi.spyOn(console, "error").mockImplementation(() => {});
  });
  afterEach(() => print.mockRestore());

  const headers = { host: "app.example", cookie: "session=1" };

  test("is every origin, and none", () => {
    for (const origin of ["https://evil.example", "null", "file://", "app://main", undefined]) {
      expect(admits("*", origin)).toBe(true);
    }
    expect(print).not.toHaveBeenCalled();
  });

  test("warns once about cookies of another site's page", () => {
    const rule = readOrigins("*");
    for (const origin of ["https://app.example", undefined, "https://evil.example", "https://worse.example"]) {
      expect(judgeOrigin(rule, scopeOf({ origin, headers }))).toBeUndefined();
    }
    expect(print.mock.calls).toEqual([
      [expect.stringContaining('`origins: "*"` has accepted a page of https://evil.example with cookies')],
    ]);
  });
});
