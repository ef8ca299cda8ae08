import { PermissionMisuse } from "../../decision/errors.js";
import type { Scope } from "../../types.js";
import { show } from "../../util/show.js";
import { BasePermission } from "../base-permission.js";
import type { Rule } from "../permission.js";
import { isSignedIn } from "../user.js";
import type { SignedIn } from "./is-authenticated.js";

type HoldsRole = Rule<Pick<Scope, "user">, SignedIn, unknown, false>;

/** The rule behind {@link HasRole}. */
class RoleHolder extends BasePermission<Pick<Scope, "user">, SignedIn> {
  declare readonly "~types": HoldsRole["~types"];
  override readonly name: string;
  readonly #roles: readonly string[];

  constructor(roles: readonly string[]) {
    super();
    this.#roles = roles;
    this.name = `HasRole(${roles.join(", ")})`;
  }

  override hasPermission({ user }: Pick<Scope, "user">): boolean {
    if (!isSignedIn(user) || !("roles" in user)) return false;
    const { roles } = user;
    if (Array.isArray(roles)) return this.#roles.some((role) => roles.includes(role));
    return roles instanceof Set && this.#roles.some((role) => roles.has(role));
  }
}

/**
 * Allows the actions of signed-in users that have at least one of the roles. Reads `scope.user.roles`, an array or a
 * Set of names.
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
