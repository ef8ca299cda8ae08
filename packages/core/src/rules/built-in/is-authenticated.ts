import type { Scope } from "../../types.js";
import { BasePermission } from "../base-permission.js";
import { isSignedIn } from "../user.js";

/** A scope on which somebody is signed in. */
export interface SignedIn {
  readonly user: NonNullable<unknown>;
}

/**
 * Allows actions of whoever is signed in; answers 401 to all others. Anonymous clients may connect, as in the original,
 * unless the policy's `connect` says otherwise.
 *
 * Signed in is: `scope.user` is an object that stands for somebody. No list, error, date, collection, promise, function
 * or object without a property does. Where it has `isAuthenticated`, that must be `true`; where it has `id`, `_id`, `pk`,
 * `sub`, `uid`, `userId` or `user_id`, none of them may be blank; where it has none of these, neither `username` nor
 * `email`.
 *
 * @example
 * ```ts
 * import { definePolicy, IsAuthenticated } from "@portcullis/core";
 * const policy = definePolicy({ connect: IsAuthenticated, actions: { ping: IsAuthenticated } });
 * console.assert(policy.describe().connect?.name === "IsAuthenticated");
 * ```
 */
export class IsAuthenticated extends BasePermission<Pick<Scope, "user">, SignedIn> {
  static override readonly name: string = "IsAuthenticated";
  override readonly code: string = "not_authenticated";

  override hasPermission(scope: Pick<Scope, "user">): boolean {
    return isSignedIn(scope.user);
  }
}
