/** A user whose roles `HasRole` can read. */
interface RoleHolder {
  readonly roles: readonly string[] | ReadonlySet<string>;
}

/**
 * The scope of a rule that reads a user of any type. `Scope` says `unknown`, so the compiler could not tell it from the
 * scope of a rule that reads no user. This union has the same values.
 */
export interface UserScope {
  readonly user: NonNullable<unknown> | null | undefined;
}

/** The scope of a rule that reads the roles of a user. It has every value too. */
export interface RoleScope {
  readonly user: NonNullable<unknown> | RoleHolder | null | undefined;
}

/** True when rules that need the scope `S` read its user. */
export type ReadsUser<S> = S extends { readonly user: infer U }
  ? [Extract<U, null | undefined>] extends [never]
    ? false
    : true
  : false;

/**
 * `unknown` when rules that need the scope `S` can read the roles of the user `U`, or read none. Otherwise a type that
 * ends the compiler's message with what to write. A user of an unknown type may have roles.
 */
export type CheckRoles<S, U> = S extends { readonly user: infer N }
  ? 0 extends 1 & N
    ? unknown
    : [Extract<N, RoleHolder>] extends [never]
      ? unknown
      : CheckRolesOf<NonNullable<U>>
  : unknown;

/** The user of a scope; `unknown` where it may have any. */
export type UserOf<S> = S extends { readonly user: infer U } ? U : unknown;

type CheckRolesOf<U> = [U] extends [never]
  ? unknown
  : object extends U
    ? unknown
    : [RolesOf<U>] extends [RoleHolder["roles"]]
      ? [RolesOf<U>] extends [never]
        ? NoRoles
        : unknown
      : unknown extends RolesOf<U>
        ? unknown
        : NoRoles;

type RolesOf<U> = U extends unknown ? ("roles" extends keyof U ? KnownRoles<U["roles"]> : never) : never;
type KnownRoles<R> = unknown extends R ? unknown : NonNullable<R>;

type NoRoles = "the rules read user.roles: give the user roles, a list or a Set of names";
