import type { And, PermissionLikes } from "../infer.js";
import { branch, Combination } from "../tree.js";

/**
 * Allows when every permission allows or has nothing to say, and at least one allows. Asked left to right; ends at the
 * first denial and at the first returned `fault()`, and goes on past a throw.
 *
 * @param operands Classes, instances, function rules, combinations or lists of them; at least one.
 * @returns A permission that needs what all operands need, and guarantees what all of them guarantee.
 * @throws {PermissionMisuse} When there is no operand, or one is no permission.
 * @example
 * ```ts
 * import { and, IsAuthenticated, permission } from "@portcullis/core";
 * const isOwner = permission("isOwner", ({ payload }) => payload.owner === "me");
 * console.assert(and(IsAuthenticated, isOwner).name === "and(IsAuthenticated, isOwner)");
 * ```
 */
export function and<const L extends PermissionLikes>(...operands: L): And<L> {
  return new Combination(branch("and", operands));
}
