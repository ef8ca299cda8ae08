import { PermissionMisuse } from "../../decision/errors.js";
import type { Not, PermissionLike } from "../infer.js";
import { isPermission } from "../permission.js";
import { branch, Combination, type DenialOptions } from "../tree.js";

/**
 * Turns allow and deny round. "Nothing to say" and faults stay what they are, so nothing that went wrong opens the gate.
 *
 * @param operand A class, an instance, a function rule or a combination.
 * @param denial What to say where the operand allowed: `code`, `reason`, `status` (400 to 499). Default: as a plain `false`.
 * @returns A permission that needs what the operand needs, and guarantees nothing.
 * @throws {PermissionMisuse} When the operand is no permission, or more than one is given.
 * @example
 * ```ts
 * import { not, permission } from "@portcullis/core";
 * const isBanned = permission("isBanned", ({ scope }) => scope.user === "mallory");
 * console.assert(not(isBanned, { code: "banned", reason: "You are banned." }).name === "not(isBanned)");
 * ```
 */
export function not<const L extends PermissionLike>(operand: L, denial: DenialOptions = {}): Not<L> {
  const isDenial = typeof denial === "object" && denial !== null && !isPermission(denial);
  if (!isDenial || Object.keys(denial).some((key) => !DENIAL_KEYS.includes(key))) {
    throw new PermissionMisuse("not() takes one permission: write not(or(a, b)) for neither of two");
  }
  return new Combination(branch("not", [operand], 0, denial));
}

const DENIAL_KEYS = ["code", "reason", "status"];
