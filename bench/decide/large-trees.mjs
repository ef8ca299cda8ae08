// Trees of a thousand rules, wide and deep, against loops over as many predicates.

import { and, BasePermission, definePolicy, not, or, permission } from "@portcullis/core";
import { consumer } from "./cases.mjs";

const SIZE = 1000;
/** Eight spellings of one question, so that no call meets one function only. */
const BODIES = [
  "scope.level >= limit",
  "scope.level > limit - 1",
  "limit <= scope.level",
  "scope.level + 1 > limit",
  "!(scope.level < limit)",
  "scope.level - limit >= 0",
  "limit - scope.level <= 0",
  "scope.level * 2 >= limit * 2",
];
const spellings = (make) => BODIES.map((body, index) => make(body, index));
const handOf = spellings((body) => new Function("limit", `return (scope, payload) => ${body};`));
const functionOf = spellings((body) => new Function("limit", `return ({ scope }) => ${body};`));
const classOf = spellings((body, index) =>
  new Function(
    "Base",
    `return class Level${index} extends Base {
      constructor(limit) { super(); this.limit = limit; }
      hasPermission(scope) { const { limit } = this; return ${body}; }
    };`,
  )(BasePermission),
);
const hand = (limit, index) => handOf[index % BODIES.length](limit);
const byClass = (limit, index) => new classOf[index % BODIES.length](limit);
const byFunction = (limit, index) => permission(`level${index}`, functionOf[index % BODIES.length](limit));

const LOW = 5;
const DECIDING = 10;
const NEVER = 99;
const SCOPES = [12, 9, 11, 8, 10, 7, 13, 6].map((level) => Object.freeze({ level }));
const EXPECTED = SCOPES.map(({ level }) => level >= DECIDING);
const policy = (permissions) => {
  const { authorize } = asked(definePolicy({ permissions }));
  return authorize;
};

function asked(policy) {
  return {
    authorize: (i) => policy.decide(SCOPES[i % SCOPES.length], consumer, "edit", SCOPES[0]).outcome === "allow",
  };
}

/** All leaves are asked, and the last one decides. */
const LIMITS = Array.from({ length: SIZE }, (_, index) => (index === SIZE - 1 ? DECIDING : LOW));

function wideLoop() {
  const checks = LIMITS.map(hand);
  return (i) => {
    const scope = SCOPES[i % SCOPES.length];
    for (const check of checks) if (!check(scope, scope)) return false;
    return true;
  };
}

/** and(yes, or(no, and(yes, ... last))): the operands in turn, and every twelfth level inside two `not`. */
function deep(leaf) {
  let tree = leaf(DECIDING, SIZE - 1);
  for (let index = SIZE - 2; index >= 0; index--) {
    tree = index % 2 === 0 ? and(leaf(LOW, index), tree) : or(leaf(NEVER, index), tree);
    if (index % 24 === 12) tree = not(and(not(tree), leaf(LOW, index)));
  }
  return tree;
}

/** The same questions as in `deep`, in the same order, in a loop. */
function deepLoop() {
  const checks = [];
  const expected = [];
  const add = (limit, index) => {
    checks.push(hand(limit, index));
    expected.push(limit === LOW);
  };
  for (let index = 0; index < SIZE - 1; index++) add(index % 2 === 0 ? LOW : NEVER, index);
  const last = hand(DECIDING, SIZE - 1);
  return (i) => {
    const scope = SCOPES[i % SCOPES.length];
    for (let at = 0; at < checks.length; at++) if (checks[at](scope, scope) !== expected[at]) return false;
    return last(scope, scope);
  };
}

const pairs = (count, leaf) =>
  Array.from({ length: count }, (_, index) => [leaf(LOW, 2 * index), leaf(DECIDING, 2 * index + 1)]);
const orOfAnds = (count, leaf) => policy(or(...pairs(count, leaf).map(([a, b]) => and(a, b))));

function orOfAndsLoop(count) {
  const checks = pairs(count, hand);
  return (i) => {
    const scope = SCOPES[i % SCOPES.length];
    for (const [a, b] of checks) if (a(scope, scope) && b(scope, scope)) return true;
    return false;
  };
}

const versus = (base, entries) => [
  { name: base[0], ask: base[1] },
  ...entries.map(([name, ask]) => ({ name, ask, bases: [base[0]] })),
];

export const wideTrees = {
  title: "and() of 1,000 rules, all asked",
  expected: EXPECTED,
  contenders: versus(
    ["hand: a loop over 1,000 predicates", wideLoop()],
    [
      ["class rules", policy(and(...LIMITS.map(byClass)))],
      ["function rules", policy(and(...LIMITS.map(byFunction)))],
    ],
  ),
};

export const deepTrees = {
  title: "1,000 rules nested 1,000 deep in and, or and not, all asked",
  expected: EXPECTED,
  contenders: versus(
    ["hand: a loop over the same predicates", deepLoop()],
    [
      ["class rules", policy(deep(byClass))],
      ["function rules", policy(deep(byFunction))],
    ],
  ),
};

export const orOfAndsTrees = [6, 15, 20].map((count) => ({
  title: `or() of ${count} and(), each of 2 class rules`,
  expected: EXPECTED,
  contenders: versus(
    [`hand: a loop over ${count} pairs`, orOfAndsLoop(count)],
    [["class rules", orOfAnds(count, byClass)]],
  ),
}));
