// The rules that are compared, by hand and as permissions: "authenticated and (owner or admin) and not banned".

import { and, BasePermission, definePolicy, not, or } from "@portcullis/core";

const USERS = { u1: { id: "u1", role: "member", banned: false } };

/** The user of a handshake. */
export const userOf = ({ headers }) => USERS[headers["x-user"]] ?? null;

/** The check by hand. */
export const mayEdit = (user, message) =>
  user !== null && (message.ownerId === user.id || user.role === "admin") && !user.banned;

class Authenticated extends BasePermission {
  hasPermission(scope) {
    return scope.user !== null;
  }
}
class Owner extends BasePermission {
  hasPermission(scope, _consumer, _action, payload) {
    return payload.ownerId === scope.user.id;
  }
}
class Admin extends BasePermission {
  hasPermission(scope) {
    return scope.user.role === "admin";
  }
}
class Banned extends BasePermission {
  hasPermission(scope) {
    return scope.user.banned;
  }
}

/** The same as a policy. */
export const policy = definePolicy({ actions: { edit: and(Authenticated, or(Owner, Admin), not(Banned)) } });
