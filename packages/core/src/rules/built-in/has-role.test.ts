import { describe, expect, it } from "vitest";
import { actNow } from "../../../test/support.js";
import { PermissionMisuse } from "../../decision/errors.js";
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

  it.each([
    [undefined],
    [null],
    ["admin"],
    [{ id: 1 }],
    [{ id: 1, roles: null }],
    [{ id: 1, roles: "admin" }],
    [{ id: 1, roles: "superadministrator, admin" }],
    [{ id: 1, roles: { admin: true } }],
    [{ id: 1, roles: { includes: () => true } }],
    [{ id: null, roles: ["admin"] }],
    [{ isAuthenticated: false, roles: ["admin"] }],
  ])("denies %j", (user) => {
    expect(actNow(rule, { user })).toMatchObject({ outcome: "deny", status: 403, by: "HasRole(admin, auditor)" });
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
