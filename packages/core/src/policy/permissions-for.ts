import { type PermissionFactory, permission } from "../rules/function-rule.js";
import { definePolicy } from "./policy.js";
import type { PolicyFactory } from "./policy-types.js";

/**
 * Binds the scope type of a server, so that rules need no type annotation.
 *
 * @returns An object with `permission` and `definePolicy` for that scope.
 * @example
 * ```ts
 * import { permissionsFor, type Scope } from "@portcullis/core";
 * interface AppScope extends Scope {
 *   readonly user: { id: number; isBanned: boolean } | null;
 * }
 * const { permission, definePolicy } = permissionsFor<AppScope>();
 * const isBanned = permission("isBanned", ({ scope }) => scope.user?.isBanned ?? false);
 * definePolicy({ permissions: isBanned });
 * ```
 */
export function permissionsFor<S>(): { permission: PermissionFactory<S>; definePolicy: PolicyFactory<S> } {
  return { permission: permission as PermissionFactory<S>, definePolicy: definePolicy as never };
}
