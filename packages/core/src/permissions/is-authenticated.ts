import { BasePermission } from "../permission.js";
import type { Scope } from "../types.js";

/** A scope on which somebody is signed in. */
export interface SignedIn {
  readonly user: NonNullable<unknown>;
}

/**
 * Allows actions of whoever is signed in; answers 401 to all others. Anonymous clients may connect, as in the original,
 * unless the policy's `connect` says otherwise.
 *
 * Signed in is: `scope.user` is an object; where it has `isAuthenticated`, that is `true`; where it has `id`, `pk` or
 * `sub`, that is neither null, undefined nor "".
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

/** Tells whether a user of a scope counts as signed in. */
export function isSignedIn(user: unknown): user is NonNullable<unknown> {
  // What a look-up by the client's words finds in a plain object under `__proto__` is nobody.
  if (typeof user !== "object" || user === null || user === Object.prototype) return false;
  if ("isAuthenticated" in user && user.isAuthenticated !== true) return false;
  // On the hot path: a loop over the names takes ten times as long.
  const { id, pk, sub } = user as Record<string, unknown>;
  if (isBlank(id) && "id" in user) return false;
  if (isBlank(pk) && "pk" in user) return false;
  return !(isBlank(sub) && "sub" in user);
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}
