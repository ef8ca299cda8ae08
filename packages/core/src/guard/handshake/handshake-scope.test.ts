import { PermissionMisuse, type Scope } from "@portcullis/core";
import { type HandshakeInfo, HandshakeScope } from "@portcullis/core/adapter";
import { describe, expect, test } from "vitest";

const KNOCK: HandshakeInfo = {
  transport: "test",
  path: "/",
  url: "/",
  headers: {},
  remoteAddress: "::1",
  secure: true,
  connectedAt: 5,
  request: "the request",
};

const made = (knock: Partial<HandshakeInfo>, extra: object = { user: null }) =>
  new HandshakeScope({ ...KNOCK, ...knock }, extra as Record<string, unknown>);

describe("a scope of a handshake", () => {
  test("says what the handshake says", () => {
    const { transport, path, remoteAddress, secure, connectedAt, request, origin, user } = made({
      path: "/rooms",
      headers: { origin: "https://app.example" },
    });
    expect([transport, path, remoteAddress, secure, connectedAt]).toEqual(["test", "/rooms", "::1", true, 5]);
    expect([request, origin, user]).toEqual(["the request", "https://app.example", null]);
    expect(made({}).origin).toBeUndefined();
  });

  test("has an empty path where the transport has none", () => {
    expect(made({ path: undefined }).path).toBe("");
  });

  test("refuses what would replace something, of a derived class too", () => {
    class Derived extends HandshakeScope {
      get more(): number {
        return 1;
      }
    }
    for (const key of ["path", "headers", "request", "more", "constructor"]) {
      expect(() => new Derived(KNOCK, { [key]: 1 })).toThrow(
        new PermissionMisuse(`authenticate() returned \`${key}\`, which the scope has already: give it another name`),
      );
    }
    expect(new Derived(KNOCK, { toString: 1, other: 2 })).toMatchObject({ toString: 1, other: 2 });
  });

  test("cannot be changed, and its values have no prototype", () => {
    const scope = made({ url: "/?__proto__=1&constructor=2", headers: { cookie: "__proto__=1; toString=2" } });
    const { headers, cookies, query } = scope;
    for (const object of [headers, cookies, query]) {
      expect(Object.getPrototypeOf(object)).toBeNull();
      expect(Object.isFrozen(object)).toBe(true);
    }
    expect(Object.isFrozen(scope)).toBe(true);
    expect(Object.entries(query)).toEqual([
      ["__proto__", "1"],
      ["constructor", "2"],
    ]);
    expect(cookies.toString).toBe("2");
  });

  test("makes headers, cookies and query once, when they are read", () => {
    const scope: Scope = made({ url: "/?a=1", headers: { cookie: "a=1" } });
    expect(scope.headers).toBe(scope.headers);
    expect(scope.cookies).toBe(scope.cookies);
    expect(scope.query).toBe(scope.query);
  });

  test("takes what authenticate returned as data", () => {
    const scope = made({}, JSON.parse('{"user":{"id":1},"__proto__":{"isAdmin":true}}')) as HandshakeScope & {
      isAdmin?: true;
    };
    expect(Object.keys(scope)).toEqual(["user", "__proto__"]);
    expect([scope.isAdmin, scope.user]).toEqual([undefined, { id: 1 }]);
  });

  test.each([
    ["a=1; b=2", { a: "1", b: "2" }],
    ["a=1;a=2", { a: "1" }],
    ['a="quoted"; b="; c=""', { a: "quoted", b: "", c: "" }],
    ['a="open; b=shut"; c=no quote', { a: '"open', b: 'shut"', c: "no quote" }],
    ["a = 1 ;b=\t2", { a: "1", b: "2" }],
    ["a=%20b%C3%A9; b=%zz; c=a=b", { a: " bé", b: "%zz", c: "a=b" }],
    ["flag; =1;  =2; ; b=", { "": "1", b: "" }],
    ["=", {}],
    [" \t ", {}],
    ["a= \t ; \t =b", { a: "", "": "b" }],
    ["\xA0__Host-sid=evil; __Host-sid=mine", { "\xA0__Host-sid": "evil", "__Host-sid": "mine" }],
    ["a=\xA01\v; \fb=2; \uFEFFb=3", { a: "\xA01\v", "\fb": "2", "\uFEFFb": "3" }],
    [undefined, {}],
  ])("reads the cookies %j", (cookie, cookies) => {
    expect({ ...made({ headers: { cookie } }).cookies }).toEqual(cookies);
  });

  test.each([
    ["", {}],
    ["/a=1&b=2", {}],
    ["?a=1", { a: "1" }],
    ["/a?", {}],
    ["/a?b=c?d&e", { b: "c?d", e: "" }],
    ["/?a=1&a=2&a=3", { a: ["1", "2", "3"] }],
  ])("reads the query of %j", (url, query) => {
    expect({ ...made({ url }).query }).toEqual(query);
  });

  test("knows its subprotocols", () => {
    expect(made({ headers: { "sec-websocket-protocol": "a, b" } }).subprotocols).toEqual(["a", "b"]);
    expect(made({}).subprotocols).toEqual([]);
  });
});

test("a name that is repeated has its values in order", () => {
  const url = "/?a=1&b=2&a=3&a=4&__proto__=5&__proto__=6";
  const knock = {
    transport: "t",
    path: "/",
    url,
    headers: {},
    remoteAddress: "",
    secure: false,
    connectedAt: 0,
    request: {},
  };
  const { query } = new HandshakeScope(knock, {});
  expect(Object.entries(query)).toEqual([
    ["a", ["1", "3", "4"]],
    ["b", "2"],
    ["__proto__", ["5", "6"]],
  ]);
});
