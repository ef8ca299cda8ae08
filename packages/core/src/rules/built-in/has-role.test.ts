import { describe, expect, it } from "vitest";
import { actNow } from "../../../test/support.js";
import { PermissionMisuse } from "../../decision/errors.js";
import { not } from "../combinators/not.js";
import { HasRole } from "./has-role.js";

const rule = HasRole("admin", "auditor");
const outcome = (user: unknown) => actNow(rule, { user }).outcome;

describe("HasRole", () => {
  it("allows holders of any role, in array or Set", () => {
    expect(outcome({ id: 1, roles: ["auditor"] })).toBe("allow");
    expect(outcome({ id: 1, roles: new Set(["guest", "admin"]) })).toBe("allow");
    expect(outcome({ id: 1, roles: ["guest"] })).toBe("deny");
    expect(outcome({ id: 1, roles: new Set(["guest"]) })).toBe("deny");
    expect(outcome({ id: 1, roles: [] })).toBe("deny");
  });

  it.each([[{ id: 1 }], [{ id: 1, roles: undefined }], [{ id: 1, roles: null }], [{ id: 1, roles: ["Admin", ""] }]])(
    "denies %j",
    (user) => {
      expect(actNow(rule, { user })).toMatchObject({ outcome: "deny", status: 403, by: "HasRole(admin, auditor)" });
    },
  );

  it.each([
    [undefined],
    [null],
    ["admin"],
    [{ id: null, roles: ["admin"] }],
    [{ isAuthenticated: false, roles: ["admin"] }],
  ])("asks %j to sign in", (user) => {
    const by = "HasRole(admin, auditor)";
    expect(actNow(rule, { user })).toMatchObject({ outcome: "deny", code: "not_authenticated", status: 401, by });
  });

  it.each<[unknown, string]>([
    ["admin", '"admin" as `scope.user.roles`'],
    ["superadministrator, admin", '"superadministrator, admin" as `scope.user.roles`'],
    ["", '"" as `scope.user.roles`'],
    [0, "0 as `scope.user.roles`"],
    [{ admin: true }, "an object as `scope.user.roles`"],
    [{ includes: () => true }, "an object as `scope.user.roles`"],
    [new Map([["admin", true]]), "an object as `scope.user.roles`"],
    [[{ name: "admin" }], "an object as a role in `scope.user.roles`"],
    [["guest", null], "null as a role in `scope.user.roles`"],
    [new Set([{ name: "admin" }]), "an object as a role in `scope.user.roles`"],
  ])("is at fault for the roles %j, also negated", (roles, found) => {
    for (const tree of [rule, not(rule)]) {
      const { outcome, code, error } = actNow(tree, { user: { id: 1, roles } });
      expect([outcome, code]).toEqual(["error", "permission_error"]);
      expect(error).toEqual(
        new PermissionMisuse(`HasRole() found ${found}: give a list or a Set of names, as in ["admin"]`),
      );
    }
  });

  it.each([[[]], [[""]], [["admin", 1]], [[["admin"]]], [[undefined]]])("refuses %j as roles", (roles) => {
    const build = () => HasRole(...(roles as unknown as [string]));
    expect(build).toThrow(PermissionMisuse);
    expect(build).toThrow('name at least one role, as in HasRole("admin")');
  });

  it("says what it got", () => {
    expect(() => HasRole(...([] as unknown as [string]))).toThrow("HasRole() got nothing: name at least one role");
    expect(() => HasRole("admin", 1 as never)).toThrow("HasRole() got 1: ");
  });
});
