import { PermissionMisuse } from "../errors.js";
import type { Like, Not } from "../infer.js";
import { branch, Combination } from "../tree.js";

/**
 * Turns allow and deny round. "Nothing to say" and faults stay what they are, so nothing that went wrong opens the gate.
 *
 * @param operand A class, an instance, a function rule or a combination.
 * @returns A permission that needs what the operand needs, and guarantees nothing.
 * @throws {PermissionMisuse} When the operand is no permission, or there is not exactly one.
 * @example
 * ```ts
 * import { not, permission } from "@portcullis/core";
 * const isBanned = permission("isBanned", ({ scope }) => scope.user === "mallory");
 * console.assert(not(isBanned).name === "not(isBanned)");
 * ```
 */
export function not<const L extends Like>(operand: L, ...more: never[]): Not<L> {
  if (more.length > 0) throw new PermissionMisuse("not() takes one permission: write not(or(a, b)) for neither of two");
  return new Combination(branch("not", [operand]));
}
