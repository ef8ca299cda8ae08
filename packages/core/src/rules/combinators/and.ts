import { branch, Combination } from "../build-tree.js";
import type { And, PermissionLikes } from "../infer.js";

/**
 * Allows when at least one permission allows and the others allow or abstain. Evaluates from left to right. Stops at
 * the first denial, the first returned `fault()` and the first thrown `PermissionDenied`, and continues after any other
 * throw.
 *
 * @param operands Classes, instances, function rules, combinations or lists of them; at least one.
 * @returns A permission with the needs and the guarantees of all operands.
 * @throws {PermissionMisuse} When there is no operand, or an operand is no permission.
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
