/**
 * The type-level half of every permission: what it needs of the scope, what it guarantees about the scope where it
 * allows, what evidence it carries, and whether it may answer later. Nothing of it exists at run time.
 */
export interface Permission<in S = never, out G = unknown, out E = unknown, out A extends boolean = boolean> {
  readonly "~types": {
    readonly scope: (scope: S) => void;
    readonly guarantee: G;
    readonly evidence: E;
    readonly async: A;
  };
}

/** Under this key everything that may stand in a tree says what it is, across copies of this package. */
export const PERMISSION = Symbol.for("@portcullis/core/Permission");

/** How a permission was written. */
export type PermissionKind = "class" | "function" | "combination";

/** A permission with a name for decisions and logs: a rule in function style, or a combination. */
export interface Rule<in S = never, out G = unknown, out E = unknown, out A extends boolean = boolean>
  extends Permission<S, G, E, A> {
  readonly name: string;
}

/** Tells anything that may stand in a tree, also when it was made by another copy of this package. */
export function isPermission(value: unknown): value is { readonly [PERMISSION]: PermissionKind } {
  return typeof value === "object" && value !== null && PERMISSION in value;
}
