import { PermissionMisuse } from "@portcullis/core";
import { expect, test } from "vitest";
import { readLimits } from "./limits.js";

test("the defaults, each of which may be replaced", () => {
  const defaults = {
    handshake: 10_000,
    pendingMessages: Number.MAX_SAFE_INTEGER,
    pendingBytes: 1_048_576,
    namespaces: 100,
    unread: 1_048_576,
    concurrent: 100,
    undecodable: 10,
    undecodableWindow: 10_000,
    drain: 5_000,
  };
  expect(readLimits()).toEqual(defaults);
  expect(readLimits({ pendingMessages: 1, drain: 0.5 })).toEqual({ ...defaults, pendingMessages: 1, drain: 0.5 });
});

test.each([
  [{ pending: 1 }, "`limits` has no option `pending`"],
  [{ handshake: 0 }, "`limits.handshake` is 0: give milliseconds"],
  [{ undecodableWindow: Number.POSITIVE_INFINITY }, "`limits.undecodableWindow` is Infinity"],
  [{ drain: "5s" }, '`limits.drain` is "5s"'],
  [{ pendingMessages: 0 }, "`limits.pendingMessages` is 0: give a whole number above 0"],
  [{ pendingBytes: 1.5 }, "`limits.pendingBytes` is 1.5"],
  [{ namespaces: 0 }, "`limits.namespaces` is 0: give a whole number above 0"],
  [{ undecodable: Number.NaN }, "`limits.undecodable` is NaN"],
  [{ unread: 0 }, "`limits.unread` is 0: give a whole number above 0"],
  [{ concurrent: Number.POSITIVE_INFINITY }, "`limits.concurrent` is Infinity"],
  [null, "`limits` got null"],
])("%j is a misuse", (given, message) => {
  expect(() => readLimits(given as never)).toThrow(PermissionMisuse);
  expect(() => readLimits(given as never)).toThrow(message);
});
