// The four rules, written by hand in every style.

import { BasePermission, permission } from "@portcullis/core";

export const isAuthenticated = (scope) => scope.user !== null;
export const isOwner = (scope, payload) => payload.ownerId === scope.user.id;
export const isAdmin = (scope) => scope.user.role === "admin";
export const isBanned = (scope) => scope.user.banned;

/** The check without a library. */
export const mayEdit = (scope, payload) =>
  isAuthenticated(scope) && (isOwner(scope, payload) || isAdmin(scope)) && !isBanned(scope);

export class Authenticated extends BasePermission {
  code = "not_authenticated";
  hasPermission(scope) {
    return scope.user !== null;
  }
}
export class Owner extends BasePermission {
  code = "not_owner";
  hasPermission(scope, _consumer, _action, payload) {
    return payload.ownerId === scope.user.id;
  }
}
export class Admin extends BasePermission {
  hasPermission(scope) {
    return scope.user.role === "admin";
  }
}
export class Banned extends BasePermission {
  hasPermission(scope) {
    return scope.user.banned;
  }
}

export const authenticated = permission("authenticated", ({ scope }) => scope.user !== null);
export const owner = permission("owner", ({ scope, payload }) => payload.ownerId === scope.user.id);
export const admin = permission("admin", ({ scope }) => scope.user.role === "admin");
export const banned = permission("banned", ({ scope }) => scope.user.banned);
