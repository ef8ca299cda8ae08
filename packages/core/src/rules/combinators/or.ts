import { branch, Combination } from "../build-tree.js";
import type { Or, PermissionLikes } from "../infer.js";

/**
 * Allows when one permission allows. Evaluates from left to right. Stops at the first permission that allows and
 * continues after any other answer, so a fault in one branch does not exclude clients that another branch admits.
 *
 * @param operands Classes, instances, function rules, combinations or lists of them; at least one.
 * @returns A permission with the needs of all operands and the guarantees that all of them share.
 * @throws {PermissionMisuse} When there is no operand, or an operand is no permission.
 * @example
 * ```ts
 * import { HasRole, or, permission } from "@portcullis/core";
 * const isOwner = permission("isOwner", ({ payload }) => payload.owner === "me");
 * console.assert(or(isOwner, HasRole("admin")).name === "or(isOwner, HasRole(admin))");
 * ```
 */
export function or<const L extends PermissionLikes>(...operands: L): Or<L> {
  return new Combination(branch("or", operands));
}
