import { PermissionMisuse } from "../../decision/errors.js";
import { checkKeys } from "../../decision/read-options.js";
import { branch, Combination, type DenialOptions } from "../build-tree.js";
import type { Not, OperandFor } from "../infer.js";
import { isPermission } from "../permission.js";

/**
 * Negates a permission: allow becomes deny, and deny becomes allow. Abstentions and faults are not negated, so a rule
 * that fails never grants access.
 *
 * @param operand A class, an instance, a function rule or a combination.
 * @param denial The denial when the operand allows: `code`, `reason`, `status` (400 to 499). Default:
 *   `permission_denied`, 403.
 * @returns A permission with the needs of the operand and without guarantees.
 * @throws {PermissionMisuse} When the operand is no permission, more than one is given, or `denial` has an unknown key
 *   or an invalid value.
 * @example
 * ```ts
 * import { not, permission } from "@portcullis/core";
 * const isBanned = permission("isBanned", ({ scope }) => scope.user === "mallory");
 * console.assert(not(isBanned, { code: "banned", reason: "You are banned." }).name === "not(isBanned)");
 * ```
 */
export function not<const L extends OperandFor>(operand: L, denial: DenialOptions = {}): Not<L> {
  if (typeof denial !== "object" || denial === null || Array.isArray(denial) || isPermission(denial)) {
    throw new PermissionMisuse("not() takes one permission: write not(or(a, b)) for neither of two");
  }
  checkKeys("not()", denial, DENIAL_KEYS);
  return new Combination(branch("not", [operand], 0, denial));
}

const DENIAL_KEYS = ["code", "reason", "status"];
