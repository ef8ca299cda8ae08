import { and, definePolicy, not, or } from "@portcullis/core";
import { CASES, consumer, EXPECTED } from "./cases.mjs";
import * as rules from "./rules.mjs";

const { isAdmin, isAuthenticated, isBanned, isOwner, mayEdit } = rules;

const byClass = and(rules.Authenticated, or(rules.Owner, rules.Admin), not(rules.Banned));
const byFunction = and(rules.authenticated, or(rules.owner, rules.admin), not(rules.banned));

const checks = new Map([
  ["edit", mayEdit],
  ["read", (scope) => isAuthenticated(scope)],
  ["remove", (scope, payload) => isAuthenticated(scope) && isOwner(scope, payload)],
  ["ban", (scope) => isAuthenticated(scope) && isAdmin(scope) && !isBanned(scope)],
]);
const call = (check, scope, payload) => check(scope, payload);
const calls = CASES.map(({ scope, payload }) => ({ check: mayEdit, scope, payload }));
const callByName = (action, scope, payload) => checks.get(action)?.(scope, payload) === true;

/** In a server the call of a check meets more than one check. So these calls have, and the check is not inlined. */
for (let i = 0; i < 10_000; i++) {
  for (const [action, check] of checks) {
    call(check, CASES[i & 7].scope, CASES[i & 7].payload);
    callByName(action, CASES[i & 7].scope, CASES[i & 7].payload);
  }
}

export const INLINED = "hand: inlined into the caller";
export const CALLED = "hand: called";
export const BY_NAME = "hand: found by action name";

const hand = [
  {
    name: INLINED,
    ask(i) {
      const { scope, payload } = CASES[i & 7];
      return mayEdit(scope, payload);
    },
  },
  {
    name: CALLED,
    bases: [INLINED],
    ask(i) {
      const { check, scope, payload } = calls[i & 7];
      return call(check, scope, payload);
    },
  },
  {
    name: BY_NAME,
    bases: [INLINED],
    ask(i) {
      const { scope, payload } = CASES[i & 7];
      return callByName("edit", scope, payload);
    },
  },
];

/** One tree, asked again and again. */
export function oneTree(title) {
  const policies = {
    "class rules, no table": definePolicy({ permissions: byClass }),
    "class rules, by action name": definePolicy({ actions: { edit: byClass } }),
    "function rules, no table": definePolicy({ permissions: byFunction }),
    "function rules, by action name": definePolicy({ actions: { edit: byFunction } }),
  };
  return { title, expected: EXPECTED, contenders: [...hand, ...Object.entries(policies).map(contender)] };
}

function contender([name, policy]) {
  return {
    name,
    bases: name.endsWith("name") ? [BY_NAME, INLINED] : [CALLED, INLINED],
    ask(i) {
      const { scope, payload } = CASES[i & 7];
      return policy.decide(scope, consumer, "edit", payload).outcome === "allow";
    },
  };
}
