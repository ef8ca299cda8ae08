import { type Deny, deny } from "../../decision/answers.js";
import { PermissionMisuse } from "../../decision/errors.js";
import { show } from "../../util/show.js";
import { BasePermission } from "../base-permission.js";
import type { Rule } from "../permission.js";
import { isSignedIn } from "../user.js";
import type { RoleScope } from "../user-types.js";
import type { SignedIn } from "./is-authenticated.js";

type HoldsRole = Rule<RoleScope, SignedIn, unknown, false>;

/** The rule behind {@link HasRole}. */
class RoleHolder extends BasePermission<RoleScope, SignedIn> {
  declare readonly "~types": HoldsRole["~types"];
  override readonly name: string;
  readonly #roles: readonly string[];

  constructor(roles: readonly string[]) {
    super();
    this.#roles = roles;
    this.name = `HasRole(${roles.join(", ")})`;
  }

  override hasPermission({ user }: RoleScope): boolean | Deny {
    if (!isSignedIn(user)) return deny("not_authenticated");
    if (!("roles" in user)) return false;
    const { roles } = user;
    if (roles === undefined || roles === null) return false;
    const isList = Array.isArray(roles);
    if (!isList && !(roles instanceof Set)) throw unreadable(roles);
    const holds = isList ? (role: string) => roles.includes(role) : (role: string) => roles.has(role);
    if (this.#roles.some(holds)) return true;
    for (const role of roles) if (typeof role !== "string") throw unreadable(role, "a role in ");
    return false;
  }
}

/** The fault of roles that nobody can tell from each other. `not` must not turn their denial into an allow. */
function unreadable(value: unknown, part = ""): PermissionMisuse {
  return new PermissionMisuse(
    `HasRole() found ${show(value)} as ${part}\`scope.user.roles\`: give a list or a Set of names, as in ["admin"]`,
  );
}

/**
 * Allows the actions of signed-in users that have at least one of the roles. Reads `scope.user.roles`, an array or a
 * Set of names. A user without `roles` is denied, and a client without a user is denied with `not_authenticated` (401).
 * Roles of another type are a fault, which `not` does not negate.
 *
 * @param roles Names of roles; at least one.
 * @returns A permission that guarantees a signed-in user.
 * @throws {PermissionMisuse} When no role is given, or a role is not a non-empty string.
 * @example
 * ```ts
 * import { HasRole } from "@portcullis/core";
 * console.assert(HasRole("admin", "auditor").name === "HasRole(admin, auditor)");
 * ```
 */
export function HasRole(...roles: readonly [string, ...string[]]): HoldsRole {
  const wrong = roles.findIndex((role: unknown) => typeof role !== "string" || role === "");
  if (roles.length === 0 || wrong >= 0) {
    throw new PermissionMisuse(
      `HasRole() got ${roles.length === 0 ? "nothing" : show(roles[wrong])}: name at least one role, as in HasRole("admin")`,
    );
  }
  return new RoleHolder([...roles]);
}
