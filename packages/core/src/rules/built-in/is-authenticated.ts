import { BasePermission } from "../base-permission.js";
import { isSignedIn } from "../user.js";
import type { UserScope } from "../user-types.js";

/** A scope with a signed-in user. */
export interface SignedIn {
  readonly user: NonNullable<unknown>;
}

/**
 * Allows the actions of signed-in users, and refuses those of all others with `not_authenticated` (401). Anonymous
 * clients may connect, as in DCRF, unless the policy's `connect` refuses them.
 *
 * A user is signed in when `scope.user` is an object that identifies somebody. Lists, errors, dates, collections,
 * promises, functions and plain objects without properties do not. `isAuthenticated`, if present, must be `true`. None
 * of `id`, `_id`, `pk`, `sub`, `uid`, `userId` and `user_id` may be present and blank. A user that has none of them
 * must not have a blank `username` or `email`.
 *
 * @example
 * ```ts
 * import { definePolicy, IsAuthenticated } from "@portcullis/core";
 * const policy = definePolicy({ connect: IsAuthenticated, actions: { ping: IsAuthenticated } });
 * console.assert(policy.describe().connect?.name === "IsAuthenticated");
 * ```
 */
export class IsAuthenticated extends BasePermission<UserScope, SignedIn> {
  static override readonly name: string = "IsAuthenticated";
  override readonly code: string = "not_authenticated";

  override hasPermission(scope: UserScope): boolean {
    return isSignedIn(scope.user);
  }
}
