// The files that are type-checked: each is what a user might write, only larger.

const HEAD = `import { and, AllowAny, BasePermission, definePolicy, IsAuthenticated, type NarrowedScope, or, permission, type Scope } from "@portcullis/core";
interface AppScope extends Scope { readonly user: { readonly id: number } | null }
`;

const times = (count, write) => Array.from({ length: count }, (_, index) => write(index));

/** Class rules, each with a guarantee of its own: the worst case for `and`, which has to intersect them. */
const classes = (count) =>
  times(
    count,
    (index) => `class Rule${index} extends BasePermission<AppScope, { readonly key${index}: ${index} }> {
  override hasPermission(scope: AppScope) { return scope.user?.id === ${index}; }
}
`,
  ).join("");

const names = (count) => times(count, (index) => `Rule${index}`);

/** Pairs of operands under `and` and `or` in turn, up to one root: as balanced as a tree gets. */
function balanced(operands, depth = 0) {
  if (operands.length === 1) return operands[0];
  const middle = operands.length >> 1;
  const halves = [operands.slice(0, middle), operands.slice(middle)].map((half) => balanced(half, depth + 1));
  return `${depth % 2 === 0 ? "and" : "or"}(${halves.join(", ")})`;
}

const ruleFor = (index) =>
  [
    `Rule${index % 20}`,
    `[IsAuthenticated, Rule${index % 20}]`,
    `and(IsAuthenticated, or(Rule${index % 20}, later))`,
    "{ rule: later, concurrent: true }",
  ][index % 4];

const policy = (make) => `${classes(20)}
const later = permission("later", async ({ scope }) => scope.secure);
export const policy = ${make}({ connect: IsAuthenticated, permissions: Rule0, actions: {
${times(100, (index) => `  "action.${index}": ${ruleFor(index)},`).join("\n")}
} });
declare const scope: AppScope & Scope;
declare const consumer: import("@portcullis/core").Consumer;
${times(100, (index) => `export const decision${index} = policy.decide(scope, consumer, "action.${index}");`).join("\n")}
`;

const behind = (guaranteed) => `export type Behind = NarrowedScope<AppScope, typeof rule>;
export const proof = (scope: Behind) => ${guaranteed};
`;

/** Name of a case to its source. `empty` is what the others are compared with. */
export const SOURCES = {
  empty: HEAD,
  "50 class rules, not combined": HEAD + classes(50),
  "and() of 50, each with its own guarantee": `${HEAD}${classes(50)}export const rule = and(${names(50).join(", ")});
${behind("[scope.key0, scope.key49] as const")}`,
  "a balanced tree of 50, and() over or() in turn": `${HEAD}${classes(50)}export const rule = ${balanced(names(50))};
${behind("scope.user?.id")}`,
  "a policy of 100 actions, each asked": HEAD + policy("definePolicy"),
  "the same, bound to a scope": `${HEAD}import { permissionsFor } from "@portcullis/core";
const bound = permissionsFor<AppScope>();
${policy("bound.definePolicy")}`,
};
