import { createContext, runInContext } from "node:vm";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withThen } from "../../test/connection.js";
import { IDENTIFYING, identityOf, isSignedIn } from "./user.js";

class Empty {}
class Private {
  readonly #name = "ann";
  get name() {
    return this.#name;
  }
}
class ByGetter {
  constructor(readonly given: unknown) {}
  get id() {
    return this.given;
  }
}
class Tagged {
  readonly id = 1;
  readonly [Symbol.toStringTag] = "User";
}
class Failing extends Error {
  readonly id = 1;
  readonly [Symbol.toStringTag] = "Failing";
}
class Users extends Map<string, string> {
  readonly id = 1;
}

const withId = <T extends object>(value: T) => Object.assign(value, { id: 1 });
const fail = () => {
  throw new Error("trap");
};
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({ id: 1 }, {});
  revoke();
  return proxy;
};
const foreign = (code: string): unknown => runInContext(code, createContext());
const SOLE = IDENTIFYING.filter((key) => key !== "username" && key !== "email");

describe("signed in", () => {
  test.each<[string, unknown]>([
    ["{ id: 0 }", { id: 0 }],
    ["{ id: 0n }", { id: 0n }],
    ["{ _id: an object }", { _id: { toHexString: () => "1" } }],
    ["{ name }", { name: "alice" }],
    ["{ username }", { username: "ann" }],
    ["{ email }", { email: "ann@example.org" }],
    ["{ id } with blank names", { id: 1, username: "", email: null }],
    ["{ isAuthenticated: true }", { isAuthenticated: true }],
    ["{ isAuthenticated: true } with keys", { isAuthenticated: true, id: 1, pk: 2, sub: "3" }],
    ["an object without a prototype", Object.assign(Object.create(null), { id: 1 })],
    ["a class instance without properties", new Empty()],
    ["a class instance with private fields", new Private()],
    ["a class instance whose id is a getter", new ByGetter(1)],
    ["a class instance with a tag", new Tagged()],
    ["a proxy of a user", new Proxy({ id: 1 }, {})],
    ["a user of another realm", foreign("({ id: 1 })")],
    ["a class instance of another realm", foreign("new (class User { #name = 1 })()")],
    ["an id that is not enumerable", Object.defineProperty({}, "id", { value: 1 })],
    ["a `then` that is no function", withThen({ id: 1 }, { value: "later" })],
    ...IDENTIFYING.map((key): [string, unknown] => [`{ ${key} }`, { [key]: "1" }]),
  ])("%s is", (_name, user) => {
    expect(isSignedIn(user)).toBe(true);
  });

  const things: [string, object][] = [
    ["a list", []],
    ["a list of users", [{ id: 1 }]],
    ["an error", new TypeError("no such user")],
    ["an error with another tag", new Failing()],
    ["a DOMException", new DOMException("no such user")],
    ["a date", new Date()],
    ["a regular expression", /ann/],
    ["a Map", new Map([["id", 1]])],
    ["a class of Map", new Users()],
    ["a Set", new Set([1])],
    ["a WeakMap", new WeakMap()],
    ["a WeakSet", new WeakSet()],
    ["a WeakRef", new WeakRef({})],
    ["an ArrayBuffer", new ArrayBuffer(8)],
    ["a SharedArrayBuffer", new SharedArrayBuffer(8)],
    ["a DataView", new DataView(new ArrayBuffer(8))],
    ["a Buffer", Buffer.from("ann")],
    ["a typed array", new Float64Array(2)],
    ["headers", new Headers({ id: "1" })],
    ["search parameters", new URLSearchParams("id=1")],
    ["an iterator", [1].values()],
    ["a function", () => ({ id: 1 })],
    ["a class", Private],
    ["a promise", Promise.resolve({ id: 1 })],
    ["a thenable", withThen({}, { value: fail })],
    ["a boxed text", Object("ann")],
    ["a boxed number", Object(1)],
    ["a boxed boolean", Object(true)],
    ["a boxed bigint", Object(1n)],
    ["a boxed symbol", Object(Symbol("ann"))],
    ["a proxy of a list", new Proxy([], {})],
  ];
  test.each(things)("%s is not, whatever its properties are", (_name, user) => {
    expect(isSignedIn(user)).toBe(false);
    expect(isSignedIn(withId(user))).toBe(false);
  });

  test.each([
    "[]",
    "[{ id: 1 }]",
    "new Error('no')",
    "new Date()",
    "/ann/",
    "new Map()",
    "new Set()",
    "new WeakMap()",
    "new Uint8Array(1)",
    "new ArrayBuffer(1)",
    "Promise.resolve({ id: 1 })",
    "(async () => ({ id: 1 }))()",
    "(() => ({ id: 1 }))",
    "Object(1)",
    "({})",
    "Object.prototype",
    "(function () { return arguments; })(1)",
  ])("%s of another realm is not", (code) => {
    expect(isSignedIn(foreign(code))).toBe(false);
  });

  test.each<[string, unknown]>([
    ["undefined", undefined],
    ["null", null],
    ["true", true],
    ["a text", "alice"],
    ["a number", 1],
    ["{}", {}],
    ["an object without a prototype or property", Object.create(null)],
    ["{ isAuthenticated: false }", { isAuthenticated: false }],
    ['{ isAuthenticated: "true" }', { isAuthenticated: "true", id: 1 }],
    ["{ isAuthenticated() }", { isAuthenticated: () => true, id: 1 }],
    ["{ isAuthenticated: undefined }", { isAuthenticated: undefined }],
    ["{ username: '' }", { username: "" }],
    ["{ email: null }", { email: null, name: "Ann" }],
    ["a blank id behind a getter", new ByGetter(null)],
  ])("%s is not", (_name, user) => {
    expect(isSignedIn(user)).toBe(false);
  });

  test.each<[string, unknown]>([
    ["a getter that throws", Object.defineProperty({ name: "ann" }, "id", { get: fail })],
    ["a proxy that throws", new Proxy({ id: 1 }, { get: fail })],
    ["a proxy that throws at `in`", new Proxy({ id: 1 }, { has: fail })],
    ["a proxy that is revoked", revoked()],
  ])("%s is a fault, which `not` does not turn round", (_name, user) => {
    expect(() => isSignedIn(user)).toThrow();
    expect(identityOf(user)).toBeUndefined();
  });

  test.each(SOLE)("a blank `%s` beside others that are there is not", (key) => {
    for (const blank of [undefined, null, "", Number.NaN, false, Promise.resolve(1)]) {
      for (const others of [{}, { id: 1, name: "ann" }, { sub: "ann", _id: 7 }, { username: "ann" }]) {
        expect(isSignedIn({ ...others, [key]: blank })).toBe(false);
      }
    }
  });

  test("inherited names of a plain object do not count", () => {
    const users: Record<string, unknown> = { ann: { id: 1 } };
    for (const token of ["__proto__", "constructor", "toString"]) expect(isSignedIn(users[token])).toBe(false);
    expect(isSignedIn(Private.prototype)).toBe(false);
  });

  test("a class of users without an instance is not", () => {
    class AnonymousUser {
      get isAuthenticated() {
        return false;
      }
    }
    expect(isSignedIn(AnonymousUser)).toBe(false);
    expect(isSignedIn(new AnonymousUser())).toBe(false);
  });

  test("any object is told as the list says", () => {
    const blank = fc.constantFrom(undefined, null, "", Number.NaN, false);
    const value = fc.oneof(blank, fc.constantFrom(0, 1, "ann", 5n, true, {}));
    const key = fc.constantFrom(...IDENTIFYING, "name", "roles");
    fc.assert(
      fc.property(fc.dictionary(key, value), (user) => {
        const isBlank = (name: string) =>
          Object.is(user[name], Number.NaN) || [undefined, null, "", false].includes(user[name] as never);
        const sole = SOLE.filter((name) => name in user);
        const counting = sole.length > 0 ? sole : IDENTIFYING.filter((name) => name in user);
        expect(isSignedIn(user)).toBe(Object.keys(user).length > 0 && !counting.some(isBlank));
      }),
    );
  });

  test("no value at all makes it throw", () => {
    fc.assert(
      fc.property(
        fc.anything({ withDate: true, withMap: true, withSet: true, withTypedArray: true, withNullPrototype: true }),
        (user) => {
          const isObject = typeof user === "object" && user !== null && !Array.isArray(user);
          const said = isSignedIn(user);
          expect(said && !isObject).toBe(false);
          if (said) expect(Object.prototype.toString.call(user)).toBe("[object Object]");
        },
      ),
    );
  });
});

describe("the identity", () => {
  test("is the first that the user has", () => {
    expect(identityOf({ email: "e", sub: "s", pk: 1 })).toEqual({ key: "pk", value: 1 });
    expect(identityOf(new ByGetter(7))).toEqual({ key: "id", value: 7 });
    for (const key of IDENTIFYING) expect(identityOf({ name: "ann", [key]: "1" })).toEqual({ key, value: "1" });
  });

  test("is undefined without identifying properties or a user", () => {
    for (const user of [{ name: "ann" }, new Private(), null, [], {}, { id: null }, { id: 1, sub: "" }]) {
      expect(identityOf(user)).toBeUndefined();
    }
  });
});

test.each(["id", "_id", "pk", "sub", "uid", "userId", "user_id"])("a user with `%s` needs no name", (key) => {
  for (const blank of [{ username: "" }, { email: null }]) {
    expect(isSignedIn({ [key]: "1", ...blank })).toBe(true);
    expect(isSignedIn({ other: "1", ...blank })).toBe(false);
  }
});

test.each(["A[object Error", "Error]s"])("a user with the tag %s is no built-in object", (tag) => {
  // The tag of a plain object is not read.
  const user = Object.create({ [Symbol.toStringTag]: tag }, { id: { value: 1 } });
  expect(isSignedIn(user)).toBe(true);
});
