import { describe, expect, it } from "vitest";
import { show } from "../util/show.js";
import { PermissionDenied, PermissionMisuse } from "./errors.js";

describe("PermissionDenied", () => {
  it("carries code, reason, status and the rest", () => {
    const headers = { "retry-after": "2" };
    const error = new PermissionDenied("slow_down", { reason: "Slow down", status: 429, retryAfter: 2, headers });
    expect(error).toMatchObject({ code: "slow_down", reason: "Slow down", status: 429, retryAfter: 2, headers });
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe("PermissionDenied");
    expect(error.message).toBe("Slow down");
  });

  it("leaves to whoever catches it what it was not given", () => {
    const error = new PermissionDenied();
    expect([error.code, error.reason, error.status]).toEqual([undefined, undefined, undefined]);
    expect(error.message).toBe("permission denied");
    expect(new PermissionDenied("room_closed").message).toBe("room_closed");
  });

  it("leaves out what is of another type, and never throws", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const parts = { reason: Symbol("r"), status: 5n, retryAfter: "3", headers: { a: 1 } };
    for (const error of [
      new PermissionDenied(42 as never),
      new PermissionDenied(Symbol("x") as never, null as never),
      new PermissionDenied(undefined, proxy),
      new PermissionDenied({} as never, parts as never),
    ]) {
      expect(error.message).toBe("permission denied");
      expect([error.code, error.reason, error.status, error.retryAfter]).toEqual(Array(4).fill(undefined));
      expect(error.headers ?? {}).toEqual({});
    }
    expect(PermissionDenied.isInstance(proxy)).toBe(false);
  });

  it("is recognized by a marker that all copies share", () => {
    class OfAnotherCopy extends Error {
      get [Symbol.for("@portcullis/core/PermissionDenied")](): true {
        return true;
      }
    }
    expect(PermissionDenied.isInstance(new OfAnotherCopy())).toBe(true);
    expect(PermissionDenied.isInstance(new PermissionDenied("x"))).toBe(true);
    expect(PermissionDenied.isInstance(new Error("x"))).toBe(false);
    expect(PermissionDenied.isInstance({ code: "x" })).toBe(false);
    expect(PermissionDenied.isInstance(new PermissionMisuse("x"))).toBe(false);
  });
});

describe("PermissionMisuse", () => {
  it("is a TypeError with a code", () => {
    const error = new PermissionMisuse("write it so");
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ name: "PermissionMisuse", code: "permission_misuse", message: "write it so" });
    expect(PermissionMisuse.isInstance(error)).toBe(true);
    expect(PermissionMisuse.isInstance(new TypeError("x"))).toBe(false);
    expect(PermissionMisuse.isInstance(undefined)).toBe(false);
  });

  it("is recognized by a marker that all copies share", () => {
    const marker = Symbol.for("@portcullis/core/PermissionMisuse");
    expect(PermissionMisuse.isInstance(Object.assign(new TypeError("x"), { [marker]: true }))).toBe(true);
  });
});

describe("show", () => {
  class Named {}
  it.each([
    ["text", '"text"'],
    ["x".repeat(60), `"${"x".repeat(40)}"`],
    [Named, "the function `Named`"],
    [() => true, "the function `anonymous`"],
    [[], "an empty list"],
    [[1], "a list"],
    [{}, "an object"],
    [null, "null"],
    [undefined, "undefined"],
    [1, "1"],
    [10n, "10n"],
    [Symbol("s"), "Symbol(s)"],
  ])("%o is shown as %s", (value, text) => {
    expect(show(value)).toBe(text);
  });

  it("never throws, whatever the value does", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(show(proxy)).toBe("something that cannot be read");
    const odd = Object.defineProperty(() => true, "name", { value: Symbol("odd") });
    expect(show(odd)).toBe("something that cannot be read");
  });
});
