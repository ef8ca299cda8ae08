import { PermissionMisuse } from "@portcullis/core";
import { describe, expect, test } from "vitest";
import { scopeOf } from "../test/connection.js";
import { judgeOrigin, readOrigins } from "./origin.js";

describe("with a list", () => {
  const check = readOrigins(["https://app.example", "http://localhost:5173", "app://main"]);
  const judge = (origin: string | undefined) => judgeOrigin(check, scopeOf({ origin }))?.code ?? "allowed";

  test.each([
    ["https://app.example", "allowed"],
    ["HTTPS://APP.example", "allowed"],
    ["http://localhost:5173", "allowed"],
    ["app://main", "allowed"],
    ["http://app.example", "origin_not_allowed"],
    ["https://app.example:444", "origin_not_allowed"],
    ["https://app.example.evil.example", "origin_not_allowed"],
    ["https://evil.example/https://app.example", "origin_not_allowed"],
    ["null", "origin_not_allowed"],
    ["", "origin_not_allowed"],
    [undefined, "origin_not_allowed"],
  ])("%s is %s", (origin, expected) => {
    expect(judge(origin)).toBe(expected);
  });

  test('null in the list stands for a missing Origin, "null" for an opaque one', () => {
    const missing = readOrigins([null]);
    expect(judgeOrigin(missing, scopeOf())).toBeUndefined();
    expect(judgeOrigin(missing, scopeOf({ origin: "null" }))).toMatchObject({ status: 403, by: "origins" });
    const opaque = readOrigins(["null"]);
    expect(judgeOrigin(opaque, scopeOf({ origin: "null" }))).toBeUndefined();
    expect(judgeOrigin(opaque, scopeOf())).toMatchObject({ code: "origin_not_allowed" });
  });

  test("an empty list admits nobody", () => {
    expect(judgeOrigin(readOrigins([]), scopeOf())).toMatchObject({ code: "origin_not_allowed" });
  });
});

describe("a browser that sends no Origin", () => {
  const own = { host: "app.example", cookie: "session=1" };
  const judge = (
    list: Parameters<typeof readOrigins>[0],
    site: string | string[],
    headers: object = own,
    secure = false,
  ) =>
    judgeOrigin(readOrigins(list), scopeOf({ headers: { ...headers, "sec-fetch-site": site }, secure })) === undefined;

  test("polls its own origin, as it says itself", () => {
    expect(judge(undefined, "same-origin")).toBe(true);
    expect(judge([null], "same-origin")).toBe(true);
    for (const entry of ["https://app.example", "http://app.example", "HTTPS://APP.EXAMPLE:443"]) {
      expect(judge([entry], "same-origin")).toBe(true);
    }
    expect(judge(["https://app.example"], "same-origin", { host: "app.example:443" }, true)).toBe(true);
  });

  test("and whose own origin is not in the list is refused", () => {
    for (const entry of ["https://other.example", "https://app.example:8443", "null", "app://app.example"]) {
      expect(judge([entry], "same-origin")).toBe(false);
    }
    expect(judge(["http://app.example"], "same-origin", own, true)).toBe(false);
    expect(judge(["https://app.example"], "same-origin", {})).toBe(false);
    expect(judge([], "same-origin")).toBe(false);
  });

  test("because another page made it ask, by a script element, is refused whatever the list says", () => {
    for (const site of ["cross-site", "same-site", "", "same-origin, same-origin", ["same-origin"], "SAME-ORIGIN"]) {
      for (const list of [undefined, [null], ["https://app.example"], ["https://app.example", null]]) {
        expect(judge(list, site), `${site} with ${list}`).toBe(false);
        expect(judge(list, site, {}), `${site} with ${list}, without cookies`).toBe(false);
      }
    }
  });

  test("because somebody typed the address is as one that says nothing", () => {
    expect(judge(undefined, "none")).toBe(false);
    expect(judge(undefined, "none", {})).toBe(true);
    expect(judge([null], "none")).toBe(true);
    expect(judge(["https://app.example"], "none")).toBe(false);
  });
});

describe("without a list", () => {
  const judge = (origin: string | undefined, headers: Record<string, string | string[]>, secure = false) =>
    judgeOrigin(undefined, scopeOf({ origin, headers, secure })) === undefined;

  test("no Origin passes unless cookies come with it", () => {
    expect(judge(undefined, {})).toBe(true);
    expect(judge(undefined, { cookie: "session=1" })).toBe(false);
    expect(judge(undefined, { cookie: "" })).toBe(false);
  });

  test.each([
    ["https://a.example", "a.example", true],
    ["http://a.example", "a.example", true],
    ["http://a.example:8080", "a.example:8080", true],
    ["http://A.example", "a.EXAMPLE", true],
    ["https://a.example", "a.example:443", true],
    ["https://a.example:443", "a.example", true],
    ["http://a.example:80", "a.example", true],
    ["http://a.example:80", "a.example:80", true],
    ["http://a.example:80", "a.example:443", false],
    ["http://[::1]:3000", "[::1]:3000", true],
    ["https://a.example", "a.example:80", false],
    ["https://a.example:8443", "a.example", false],
    ["https://b.example", "a.example", false],
    ["https://a.example.evil.example", "a.example", false],
    ["https://a.example/path", "a.example", false],
    ["null", "a.example", false],
    ["file://", "a.example", false],
    ["ftp://a.example", "a.example", false],
    ["", "a.example", false],
  ])("%s at host %s is the same origin: %s", (origin, host, expected) => {
    expect(judge(origin, { host, cookie: "session=1" })).toBe(expected);
  });

  test("an encrypted connection is not the same origin as a plain page", () => {
    expect(judge("http://a.example", { host: "a.example" }, true)).toBe(false);
    expect(judge("https://a.example", { host: "a.example" }, true)).toBe(true);
  });

  test("without one Host header nothing is the same origin", () => {
    expect(judge("https://a.example", {})).toBe(false);
    expect(judge("https://a.example", { host: ["a.example", "b.example"] })).toBe(false);
  });
});

describe("reading the option", () => {
  test("nothing stays nothing", () => {
    expect(readOrigins(undefined)).toBeUndefined();
  });

  test.each([
    ["https://a.example/"],
    ["https://a.example/app"],
    ["a.example"],
    ["*"],
    ["https://*.example"],
    [""],
    [5],
    [undefined],
  ])("%s is a misuse that says what to write", (wrong) => {
    expect(() => readOrigins([wrong as string])).toThrow(PermissionMisuse);
    expect(() => readOrigins([wrong as string])).toThrow('as in "https://app.example"');
  });

  test("something that is no list is a misuse", () => {
    expect(() => readOrigins("https://a.example" as never)).toThrow("give a list");
  });
});

test("a scheme that only ends like one of the web is none of it", () => {
  const scope = scopeOf({ headers: { host: "app.example" }, origin: "x-https://app.example" });
  expect(judgeOrigin(undefined, scope)).toMatchObject({
    code: "origin_not_allowed",
    reason: "Connections from this origin are not allowed.",
  });
});

test.each([["1https://app.example"], [{ toString: (): string => "https://app.example" }]])(
  "%s is no entry",
  (entry) => {
    expect(() => readOrigins([entry as string])).toThrow(PermissionMisuse);
  },
);
