import { abstain, allow, deny, fault, PermissionMisuse } from "@portcullis/core";
import { expect, test } from "vitest";
import { readLoaded } from "./loaded.js";

test.each([[{ id: 1 }], [0], [""], ["text"], [[]]])("what is found is the object: %j", (found) => {
  expect(readLoaded(found)).toEqual({ object: found });
});

test("nothing found is a 404", () => {
  for (const found of [undefined, null]) {
    expect(readLoaded(found)).toMatchObject({ outcome: "deny", code: "not_found", status: 404, by: "object" });
  }
});

test("a refusal that is returned is that refusal", () => {
  for (const refusal of [deny("not_yours"), fault("db_down")]) expect(readLoaded(refusal)).toBe(refusal);
});

test.each([
  ["allow()", allow()],
  ["abstain()", abstain()],
  ["true", true],
  ["false", false],
  ["an error", new TypeError("db")],
])("what cannot be an object is a misuse: %s", (_what, found) => {
  const read = readLoaded(found);
  expect(read).toMatchObject({ outcome: "error", code: "permission_error", status: 500, by: "object" });
  expect(PermissionMisuse.isInstance((read as { error?: unknown }).error)).toBe(true);
});
