import type { Or, PermissionLikes } from "../infer.js";
import { branch, Combination } from "../tree.js";

/**
 * Allows when one permission allows. Asked left to right; ends at the first that allows and goes on past everything
 * else, so a fault in one branch does not shut out who another branch admits.
 *
 * @param operands Classes, instances, function rules, combinations or lists of them; at least one.
 * @returns A permission that needs what all operands need, and guarantees what every one of them guarantees.
 * @throws {PermissionMisuse} When there is no operand, or one is no permission.
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
