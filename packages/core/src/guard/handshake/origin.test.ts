import { PermissionDenied, PermissionMisuse, type Scope } from "@portcullis/core";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { scopeOf } from "../../../test/connection.js";
import { readOrigins } from "./allowed-origins.js";
import { isOwnOrigin, judgeOrigin, normalOrigin } from "./origin.js";

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

  test('null is a missing Origin, "null" an opaque one', () => {
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

  test("is refused when its own origin is not listed", () => {
    for (const entry of ["https://other.example", "https://app.example:8443", "null", "app://app.example"]) {
      expect(judge([entry], "same-origin")).toBe(false);
    }
    expect(judge(["http://app.example"], "same-origin", own, true)).toBe(false);
    expect(judge(["https://app.example"], "same-origin", {})).toBe(false);
    expect(judge([], "same-origin")).toBe(false);
  });

  test("in a cross-site script request is always refused", () => {
    for (const site of ["cross-site", "same-site", "", "same-origin, same-origin", ["same-origin"], "SAME-ORIGIN"]) {
      for (const list of [undefined, [null], ["https://app.example"], ["https://app.example", null]]) {
        expect(judge(list, site), `${site} with ${list}`).toBe(false);
        expect(judge(list, site, {}), `${site} with ${list}, without cookies`).toBe(false);
      }
    }
  });

  test("after a typed address counts as a missing Origin", () => {
    expect(judge(undefined, "none")).toBe(false);
    expect(judge(undefined, "none", {})).toBe(true);
    expect(judge([null], "none")).toBe(true);
    expect(judge(["https://app.example"], "none")).toBe(false);
  });
});

describe("without a list", () => {
  const judge = (origin: string | undefined, headers: Record<string, string | string[]>, secure = false) =>
    judgeOrigin(isOwnOrigin, scopeOf({ origin, headers, secure })) === undefined;

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

  test("an encrypted connection differs in origin from a plain page", () => {
    expect(judge("http://a.example", { host: "a.example" }, true)).toBe(false);
    expect(judge("https://a.example", { host: "a.example" }, true)).toBe(true);
  });

  test("a page that polls its own origin may send cookies", () => {
    const passes = (site: string) =>
      isOwnOrigin(undefined, scopeOf({ headers: { "sec-fetch-site": site, cookie: "" } }));
    expect(["same-origin", "none", ""].map(passes)).toEqual([true, false, false]);
  });

  test("without one Host header nothing is the same origin", () => {
    expect(judge("https://a.example", {})).toBe(false);
    expect(judge("https://undefined", {})).toBe(false);
    expect(judge("https://a.example", { host: ["a.example", "b.example"] })).toBe(false);
  });
});

test("a scheme that merely ends in http is another", () => {
  const scope = scopeOf({ headers: { host: "app.example" }, origin: "x-https://app.example" });
  expect(judgeOrigin(isOwnOrigin, scope)).toMatchObject({
    code: "origin_not_allowed",
    reason: "Connections from this origin are not allowed.",
  });
});

describe("the one way to write an origin", () => {
  test.each([
    ["https://app.example:443", "https://app.example"],
    ["http://app.example:80", "http://app.example"],
    ["https://app.example:80", "https://app.example:80"],
    ["HTTPS://App.Example", "https://app.example"],
    ["https://münchen.example", "https://xn--mnchen-3ya.example"],
    ["https://MÜNCHEN.example:443", "https://xn--mnchen-3ya.example"],
    ["http://[0:0::1]:3000", "http://[::1]:3000"],
    ["chrome-extension://ABCdef", "chrome-extension://abcdef"],
    ["file://", "file://"],
    ["app://.", "app://."],
    ["null", "null"],
    ["NULL", "null"],
    ["x-https://app.example", "x-https://app.example"],
  ])("of %s is %s", (text, normal) => {
    expect(normalOrigin(text)).toBe(normal);
  });

  test.each([
    "",
    "*",
    "app.example",
    "//app.example",
    "https://",
    "https://:443",
    "https://app.example/",
    "https://app.example?a",
    "https://app.example#a",
    "https://ann@app.example",
    "https://app.example\\evil.example",
    "https://app.example evil.example",
    " https://app.example",
    "https://app.example\n",
    "https://app.example\u0000",
    "https://app.example:99999",
    "1https://app.example",
    "file:///",
    "data:,x",
    `https://${"a".repeat(300)}.example`,
  ])("is not there for %j", (text) => {
    expect(normalOrigin(text)).toBeUndefined();
  });

  test("may be as long as a host name can be", () => {
    const label = "a".repeat(63);
    const longest = `https://${label}.${label}.${label}.${"a".repeat(61)}:65535`;
    expect([longest.length, normalOrigin(longest)]).toEqual([267, longest]);
    expect(normalOrigin(`${longest.slice(0, 8)}a${longest.slice(8)}`)).toBeUndefined();
  });

  const scheme = fc.constantFrom("http", "https", "HTTP", "Https");
  const host = fc.oneof(
    fc.domain(),
    fc.ipV4(),
    fc.ipV6().map((ip) => `[${ip}]`),
    fc.constantFrom("bücher.example", "LOCALHOST"),
  );
  const port = fc.option(fc.oneof(fc.integer({ min: 0, max: 65_535 }), fc.constantFrom(80, 443)), { nil: undefined });
  const address = fc.tuple(scheme, host, port).map(([s, h, p]) => `${s}://${h}${p === undefined ? "" : `:${p}`}`);

  /** Bun reads no address of IPv6 whose `::` stands for one group. */
  const originOf = (text: string) => (URL.canParse(text) ? new URL(text).origin : undefined);

  test("is what a URL says of its origin", () => {
    fc.assert(
      fc.property(address, (text) => {
        fc.pre(text.length <= 267);
        const origin = originOf(text);
        expect(normalOrigin(text)).toBe(origin);
        if (origin !== undefined) expect(normalOrigin(origin)).toBe(origin);
      }),
    );
  });

  test("is itself, or is not there, for any text", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          address,
          fc.string().map((end) => `https://a.example${end}`),
        ),
        (text) => {
          const origin = normalOrigin(text);
          if (origin === undefined) return;
          expect(normalOrigin(origin)).toBe(origin);
          if (/^https?:/.test(origin)) expect(new URL(text).origin).toBe(origin);
        },
      ),
    );
  });

  test("admits a page by its own entry, in any spelling", () => {
    fc.assert(
      fc.property(address, address, (entry, page) => {
        fc.pre(entry.length <= 267 && page.length <= 267 && originOf(entry) !== undefined);
        const isFit = judgeOrigin(readOrigins([entry]), scopeOf({ origin: page })) === undefined;
        expect(isFit).toBe(originOf(entry) === originOf(page));
      }),
    );
  });
});

describe("with a function", () => {
  const code = (rule: unknown, scope: Partial<Scope> = { origin: "https://app.example:443" }) =>
    judgeOrigin(readOrigins(rule as never), scopeOf(scope))?.code ?? "allowed";

  test("only true admits", () => {
    expect(code(() => true)).toBe("allowed");
    for (const answer of [false, undefined, null, 1, "yes", {}, []]) {
      expect(code(() => answer)).toBe("origin_not_allowed");
    }
  });

  test("it gets the normalized origin and the scope", () => {
    const rule = vi.fn(() => true);
    const scope = scopeOf({ origin: "HTTPS://app.example:443", headers: { host: "b.example" } });
    judgeOrigin(readOrigins(rule), scope);
    judgeOrigin(readOrigins(rule), scopeOf());
    expect(rule.mock.calls).toEqual([
      ["https://app.example", scope],
      [undefined, scopeOf()],
    ]);
  });

  test("its errors refuse", () => {
    const error = new Error("down");
    const fail = (thrown: Error) => () => {
      throw thrown;
    };
    expect(judgeOrigin(readOrigins(fail(error)), scopeOf())).toMatchObject({
      outcome: "error",
      code: "permission_error",
      by: "origins",
      error,
    });
    expect(code(fail(new PermissionDenied("closed")))).toBe("closed");
  });

  test("a promise refuses, and is reported", () => {
    for (const answer of [Promise.resolve(true), Promise.reject(new Error("late"))]) {
      const decision = judgeOrigin(readOrigins((() => answer) as never), scopeOf());
      expect(decision).toMatchObject({
        code: "permission_error",
        error: new PermissionMisuse(
          "`origins` answered a promise: answer at once, and look up in authenticate() what takes time",
        ),
      });
    }
  });

  test("it is asked of no text that is no origin", () => {
    const rule = vi.fn(() => true);
    for (const origin of ["", "garbage", "https://a.example/path", `https://${"a".repeat(10_000)}`]) {
      expect(code(rule, { origin })).toBe("origin_not_allowed");
    }
    expect(rule).not.toHaveBeenCalled();
  });

  test("it is asked once where the page has no origin", () => {
    for (const host of [undefined, "a b"]) {
      const rule = vi.fn(() => false);
      const scope = scopeOf({ headers: { "sec-fetch-site": "same-origin", ...(host && { host }) } });
      expect(judgeOrigin(readOrigins(rule), scope)).toMatchObject({ code: "origin_not_allowed" });
      expect(rule.mock.calls).toEqual([[undefined, scope]]);
    }
  });

  test("it gets the own origin of a polling page", () => {
    const headers = { host: "app.example", "sec-fetch-site": "same-origin" };
    const ofTenant = (origin: string | undefined) => origin === "http://app.example";
    expect(code(ofTenant, { headers })).toBe("allowed");
    expect(code(ofTenant, { headers, secure: true })).toBe("origin_not_allowed");
    expect(code(() => true, { headers: { ...headers, "sec-fetch-site": "cross-site" } })).toBe("origin_not_allowed");
  });
});
