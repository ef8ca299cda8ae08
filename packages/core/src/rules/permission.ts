/**
 * The types of a permission: the scope that it needs, the guarantee about the scope once it has allowed, its evidence,
 * and whether it answers asynchronously. Nothing of it exists at run time.
 */
export interface Permission<in S = never, out G = unknown, out E = unknown, out A extends boolean = boolean> {
  readonly "~types": {
    readonly scope: (scope: S) => void;
    readonly guarantee: G;
    readonly evidence: E;
    readonly async: A;
  };
}

/** Key of the kind of a permission, the same in all copies of this package. */
export const PERMISSION = Symbol.for("@portcullis/core/Permission");

/** The style in which a permission was written. */
export type PermissionKind = "class" | "function" | "combination";

/** A permission with a name for decisions and logs: a rule in function style, or a combination. */
export interface Rule<in S = never, out G = unknown, out E = unknown, out A extends boolean = boolean>
  extends Permission<S, G, E, A> {
  readonly name: string;
}

/** True for a permission, also for one of another copy of this package. Classes of permissions do not count. */
export function isPermission(value: unknown): value is { readonly [PERMISSION]: PermissionKind } {
  return typeof value === "object" && value !== null && PERMISSION in value;
}
