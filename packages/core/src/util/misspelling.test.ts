import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isMisspelling } from "./misspelling.js";

const RIGHT = "hasPermission";

describe("a misspelling", () => {
  test.each([
    "hasPermision",
    "hasPermmission",
    "hasPremission",
    "hasPermissoin",
    "hasPermissio",
    "asPermission",
    "haspermission",
    "HasPermission",
    "has_permission",
    "_hasPermission",
    "hasPermissions",
    "has_permissions",
    "hazPermission",
  ])("is %s", (name) => {
    expect(isMisspelling(name, RIGHT)).toBe(true);
  });

  test.each([
    RIGHT,
    "",
    "has",
    "permission",
    "hasPermissionFor",
    "hasPermissionInRoom",
    "hasObjectPermission",
    "isOwner",
    "hasPrxmission",
    "hasPxemission",
    "hasPrint",
  ])("is not %j", (name) => {
    expect(isMisspelling(name, RIGHT)).toBe(false);
  });

  test("is any name with one letter left out, doubled or replaced", () => {
    fc.assert(
      fc.property(fc.nat(RIGHT.length - 1), fc.constantFrom("x", "q"), (at, letter) => {
        const [before, after] = [RIGHT.slice(0, at), RIGHT.slice(at)];
        expect(isMisspelling(before + after.slice(1), RIGHT)).toBe(true);
        expect(isMisspelling(before + letter + after, RIGHT)).toBe(true);
        expect(isMisspelling(before + letter + after.slice(1), RIGHT)).toBe(true);
      }),
    );
  });
});
