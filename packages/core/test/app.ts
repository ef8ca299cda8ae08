import { allow, BasePermission, type Context, deny, permission, type Scope } from "@portcullis/core";

/** The application that the type tests are about. */
export interface User {
  readonly id: number;
  readonly isBanned: boolean;
  readonly roles?: readonly string[];
}
export interface AppScope extends Scope {
  readonly user: User | null;
}
/** A server with more properties in its scope. */
export interface TenantScope extends AppScope {
  readonly tenant: string;
}
export interface Membership {
  readonly role: "owner" | "guest";
}
declare const membership: Membership | undefined;

export class IsOwner extends BasePermission<AppScope> {
  override hasPermission(scope: AppScope) {
    return scope.user?.id === 1;
  }
}
/** Needs what `AppScope` does not offer, and guarantees something of it. */
export class InTenant extends BasePermission<TenantScope, { readonly tenant: "acme" }> {
  override hasPermission(scope: TenantScope) {
    return scope.tenant === "acme";
  }
}
/** Async, with evidence. */
export class HasMembership extends BasePermission<AppScope> {
  override async hasPermission(scope: AppScope) {
    return scope.user && membership ? allow({ membership }) : deny("not_a_member");
  }
}
/** Says it needs little, asks for much: methods are compared bivariantly, so the class itself compiles. */
export class Sneaky extends BasePermission {
  override hasPermission(scope: TenantScope) {
    return scope.tenant === "acme";
  }
}

export const isBanned = permission("isBanned", ({ scope }: Context<AppScope>) => scope.user?.isBanned ?? false);
export const isMember = permission("isMember", async ({ scope }: Context<AppScope>) =>
  scope.user && membership ? allow({ membership }) : deny("not_a_member"),
);
export const hasQuota = permission("hasQuota", ({ scope }: Context<AppScope>) =>
  scope.user ? allow({ left: scope.user.id }) : deny("no_quota"),
);
export const needsTenant = permission("needsTenant", ({ scope }: Context<TenantScope>) => scope.tenant === "acme");
