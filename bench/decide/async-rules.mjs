// Rules that answer with a promise. Nothing is waited for in them: what remains is the cost of asking.

import { and, BasePermission, definePolicy, not, or, permission } from "@portcullis/core";
import { CASES, consumer, EXPECTED } from "./cases.mjs";
import * as rules from "./rules.mjs";

const { isAdmin, isAuthenticated, isBanned } = rules;
const isAuthenticatedLater = async (scope) => scope.user !== null;
const isOwnerLater = async (scope, payload) => payload.ownerId === scope.user.id;
const isAdminLater = async (scope) => scope.user.role === "admin";
const isBannedLater = async (scope) => scope.user.banned;
const isOwnerOrAdminLater = async (scope, payload) =>
  scope.user !== null && (payload.ownerId === scope.user.id || scope.user.role === "admin");
const isNotBannedLater = async (scope) => !scope.user.banned;

const awaitTwo = async (scope, payload) =>
  (await isOwnerOrAdminLater(scope, payload)) && (await isNotBannedLater(scope));
const awaitFour = async (scope, payload) =>
  (await isAuthenticatedLater(scope)) &&
  ((await isOwnerLater(scope, payload)) || (await isAdminLater(scope))) &&
  !(await isBannedLater(scope));
const awaitOne = async (scope, payload) =>
  isAuthenticated(scope) && ((await isOwnerLater(scope, payload)) || isAdmin(scope)) && !isBanned(scope);

const late = Symbol("late");
/** By hand with what Portcullis has too: an answer within five seconds, whatever the rules do. */
const awaitTwoInTime = async (scope, payload) => {
  let timer;
  const deadline = new Promise((resolve) => {
    timer = setTimeout(resolve, 5000, late);
  });
  const answer = await Promise.race([awaitTwo(scope, payload), deadline]);
  clearTimeout(timer);
  return answer === true;
};

class LaterOwnerOrAdmin extends BasePermission {
  async hasPermission(scope, _consumer, _action, payload) {
    return scope.user !== null && (payload.ownerId === scope.user.id || scope.user.role === "admin");
  }
}
class LaterNotBanned extends BasePermission {
  async hasPermission(scope) {
    return !scope.user.banned;
  }
}
class LaterAuthenticated extends BasePermission {
  async hasPermission(scope) {
    return scope.user !== null;
  }
}
class LaterOwner extends BasePermission {
  async hasPermission(scope, _consumer, _action, payload) {
    return payload.ownerId === scope.user.id;
  }
}
class LaterAdmin extends BasePermission {
  async hasPermission(scope) {
    return scope.user.role === "admin";
  }
}
class LaterBanned extends BasePermission {
  async hasPermission(scope) {
    return scope.user.banned;
  }
}
const laterOwnerOrAdmin = permission("ownerOrAdmin", ({ scope, payload }) => isOwnerOrAdminLater(scope, payload));
const laterNotBanned = permission("notBanned", ({ scope }) => isNotBannedLater(scope));

const handWritten = (name, check, bases) => ({
  name,
  bases,
  isAsync: true,
  ask(i) {
    const { scope, payload } = CASES[i & 7];
    return check(scope, payload);
  },
});
const policyOf = (name, permissions, bases) => {
  const policy = definePolicy({ permissions });
  return {
    name,
    bases,
    isAsync: true,
    read: (decision) => decision.outcome === "allow",
    ask(i) {
      const { scope, payload } = CASES[i & 7];
      return policy.decide(scope, consumer, "edit", payload);
    },
  };
};

const TWO = "hand: await a && await b";
const TWO_IN_TIME = "hand: await a && await b, with a deadline";
const FOUR = "hand: four awaits";
const ONE = "hand: one await among four checks";

export const asyncRules = {
  title: "Rules that answer later",
  expected: EXPECTED,
  contenders: [
    handWritten(TWO, awaitTwo),
    policyOf("and(a, b), class rules", and(LaterOwnerOrAdmin, LaterNotBanned), [TWO, TWO_IN_TIME]),
    policyOf("and(a, b), function rules", and(laterOwnerOrAdmin, laterNotBanned), [TWO]),
    handWritten(TWO_IN_TIME, awaitTwoInTime, [TWO]),
    handWritten(FOUR, awaitFour),
    policyOf("four async class rules", and(LaterAuthenticated, or(LaterOwner, LaterAdmin), not(LaterBanned)), [FOUR]),
    handWritten(ONE, awaitOne),
    policyOf("one async class rule of four", and(rules.Authenticated, or(LaterOwner, rules.Admin), not(rules.Banned)), [
      ONE,
    ]),
  ],
};
