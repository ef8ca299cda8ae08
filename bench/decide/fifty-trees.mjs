// 50 different trees, asked in turn. Their code is generated as text, so that each function and each class is code of
// its own, as it is in a server: what is made by one factory shares its machine code and what V8 knows of it.

import { and, BasePermission, definePolicy, not, or, permission } from "@portcullis/core";
import { CASES, consumer } from "./cases.mjs";

const AUTHENTICATED = "scope.user !== null";
/** Different rules that agree on the eight cases. */
const OWNERS = {
  owner: "payload.ownerId === scope.user.id",
  author: 'payload.ownerId === scope.user.id && payload.text !== ""',
  assignee: "scope.user.id === payload.ownerId",
  reviewer: "payload.text.length > 0 && payload.ownerId === scope.user.id",
};
const ROLES = {
  admin: 'scope.user.role === "admin"',
  moderator: 'scope.user.role !== "member"',
  auditor: 'scope.user.role.startsWith("adm")',
  staff: "scope.user.role.length === 5",
};
const BANS = {
  banned: "scope.user.banned",
  muted: "scope.user.banned === true",
  locked: "scope.user.banned !== false",
  suspended: 'scope.user.banned === true && payload.text !== ""',
};
const RULES = { authenticated: AUTHENTICATED, ...OWNERS, ...ROLES, ...BANS };

const TREES = Object.keys(BANS)
  .flatMap((ban) => Object.keys(OWNERS).flatMap((owner) => Object.keys(ROLES).map((role) => [owner, role, ban])))
  .slice(0, 50);

/** Four rules of its own for every tree. */
const OWN_RULES = Object.fromEntries(
  TREES.flatMap(([owner, role, ban], tree) =>
    ["authenticated", owner, role, ban].map((name) => [`${name}${tree}`, RULES[name]]),
  ),
);
const OWN_TREES = TREES.map((names, tree) => [`authenticated${tree}`, ...names.map((name) => `${name}${tree}`)]);
const SHARED_TREES = TREES.map((names) => ["authenticated", ...names]);

function handWritten(rules, trees) {
  const predicates = Object.entries(rules).map(([name, body]) => `const ${name} = (scope, payload) => ${body};`);
  const checks = trees.map(
    ([a, b, c, d]) =>
      `(scope, payload) => ${a}(scope) && (${b}(scope, payload) || ${c}(scope)) && !${d}(scope, payload)`,
  );
  return new Function(`${predicates.join("\n")}\nreturn [${checks.join(",\n")}];`)();
}

function classRules(rules) {
  const classes = Object.entries(rules).map(
    ([name, body]) =>
      `${name}: class ${name} extends Base { hasPermission(scope, _consumer, _action, payload) { return ${body}; } }`,
  );
  return new Function("Base", `return { ${classes.join(",\n")} };`)(BasePermission);
}

function functionRules(rules) {
  const functions = Object.entries(rules).map(
    ([name, body]) => `${name}: permission("${name}", ({ scope, payload }) => ${body})`,
  );
  return new Function("permission", `return { ${functions.join(",\n")} };`)(permission);
}

const treesOf = (rules, trees) => trees.map(([a, b, c, d]) => and(rules[a], or(rules[b], rules[c]), not(rules[d])));
const NAMES = TREES.map((_, tree) => `message.edit.${tree}`);
const tableOf = (trees) => definePolicy({ actions: Object.fromEntries(trees.map((tree, i) => [NAMES[i], tree])) });
const policiesOf = (trees) => trees.map((permissions) => definePolicy({ permissions }));

const hands = handWritten(RULES, SHARED_TREES);
const ownHands = handWritten(OWN_RULES, OWN_TREES);
const handsByName = new Map(NAMES.map((name, tree) => [name, hands[tree]]));
const classTrees = treesOf(classRules(RULES), SHARED_TREES);
const functionTrees = treesOf(functionRules(RULES), SHARED_TREES);
const ownTrees = treesOf(classRules(OWN_RULES), OWN_TREES);

const classPolicies = policiesOf(classTrees);
const functionPolicies = policiesOf(functionTrees);
const ownPolicies = policiesOf(ownTrees);
const classTable = tableOf(classTrees);
const functionTable = tableOf(functionTrees);

/** Every tree meets every case, and the next question is always about the next tree. */
const TURNS = Array.from({ length: TREES.length * CASES.length }, (_, turn) => {
  const tree = turn % TREES.length;
  return {
    ...CASES[(turn + Math.floor(turn / TREES.length)) % CASES.length],
    action: NAMES[tree],
    hand: hands[tree],
    ownHand: ownHands[tree],
    classPolicy: classPolicies[tree],
    functionPolicy: functionPolicies[tree],
    ownPolicy: ownPolicies[tree],
  };
});
const turn = (i) => TURNS[i % TURNS.length];

export const CALLED = "hand: called";
export const BY_NAME = "hand: found by action name";
export const OWN = "hand: called, 200 predicates";

const contenders = [
  {
    name: CALLED,
    ask(i) {
      const { hand, scope, payload } = turn(i);
      return hand(scope, payload);
    },
  },
  {
    name: BY_NAME,
    bases: [CALLED],
    ask(i) {
      const { action, scope, payload } = turn(i);
      return handsByName.get(action)(scope, payload);
    },
  },
  {
    name: "class rules, no table",
    bases: [CALLED],
    ask(i) {
      const { classPolicy, action, scope, payload } = turn(i);
      return classPolicy.decide(scope, consumer, action, payload).outcome === "allow";
    },
  },
  {
    name: "class rules, by action name",
    bases: [BY_NAME, CALLED],
    ask(i) {
      const { action, scope, payload } = turn(i);
      return classTable.decide(scope, consumer, action, payload).outcome === "allow";
    },
  },
  {
    name: "function rules, no table",
    bases: [CALLED],
    ask(i) {
      const { functionPolicy, action, scope, payload } = turn(i);
      return functionPolicy.decide(scope, consumer, action, payload).outcome === "allow";
    },
  },
  {
    name: "function rules, by action name",
    bases: [BY_NAME, CALLED],
    ask(i) {
      const { action, scope, payload } = turn(i);
      return functionTable.decide(scope, consumer, action, payload).outcome === "allow";
    },
  },
  {
    name: OWN,
    bases: [CALLED],
    ask(i) {
      const { ownHand, scope, payload } = turn(i);
      return ownHand(scope, payload);
    },
  },
  {
    name: "class rules, no table, 200 rules",
    bases: [OWN],
    ask(i) {
      const { ownPolicy, action, scope, payload } = turn(i);
      return ownPolicy.decide(scope, consumer, action, payload).outcome === "allow";
    },
  },
];

export const fiftyTrees = {
  title: "50 different trees in turn, made of 13 rules",
  pieces: TREES.length,
  expected: TURNS.map(({ allowed }) => allowed),
  contenders,
};
