import { PermissionMisuse } from "@portcullis/core";
import { describe, expect, test } from "vitest";
import { denied } from "./namespace/refusal.js";
import { OWN_OPTIONS, readOptions, type SocketGuardOptions } from "./options.js";

const read = (options: object) => readOptions("guard()", options as SocketGuardOptions);
const FUNCTIONS = ["action", "payload", "denied", "data"] as const;

describe("the options of this adapter", () => {
  test("have their defaults", () => {
    const none = { action: undefined, payload: undefined, denied, data: undefined, fairScheduling: true };
    expect([read({}), read({ denied: undefined, fairScheduling: undefined })]).toEqual([none, none]);
  });

  test("are taken as they are given, and no others", () => {
    const given = {
      action: () => "a",
      payload: () => ({}),
      denied: () => ({}),
      data: () => ({}),
      fairScheduling: false,
    };
    expect(read({ ...given, limits: {} })).toEqual(given);
    expect([...OWN_OPTIONS].sort()).toEqual(Object.keys(given).sort());
  });

  test.each(FUNCTIONS)("are a misuse where `%s` is no function", (name) => {
    for (const wrong of [null, "text", {}, 0]) {
      expect(() => read({ [name]: wrong })).toThrow(PermissionMisuse);
      expect(() => read({ [name]: wrong })).toThrow(`as \`${name}\`: give a function, as in (`);
    }
  });

  test("give an example of `data`", () => {
    expect(() => read({ data: 1 })).toThrow("({ user }) => ({ userId: user.id })");
  });

  test.each([[null], [1], ["yes"]])("are a misuse with %j as `fairScheduling`", (fairScheduling) => {
    expect(() => read({ fairScheduling })).toThrow("as `fairScheduling`: write true or false");
  });
});

describe("the action of renewals", () => {
  const renewing = (action: unknown) => read({ continuity: { "~renews": action } });

  test("is no event of socket.io itself", () => {
    expect(() => renewing("disconnect")).toThrow(
      'got "disconnect" as `renew.action`: socket.io keeps this event for itself: name another, as in "auth.renew"',
    );
  });

  test.each([["auth.renew"], [undefined]])("may be %j", (action) => {
    expect(renewing(action).fairScheduling).toBe(true);
  });
});
