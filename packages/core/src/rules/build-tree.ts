import { checkRefusal } from "../decision/answers.js";
import { createDecision } from "../decision/decision.js";
import type { Decision } from "../decision/decision-types.js";
import { PermissionMisuse } from "../decision/errors.js";
import { isMisspelling } from "../util/misspelling.js";
import { show } from "../util/show.js";
import { BasePermission, isPermissionClass } from "./base-permission.js";
import type { FunctionRule } from "./function-rule.js";
import { isPermission, PERMISSION, type PermissionKind } from "./permission.js";
import type { RuleContext } from "./rule-context.js";
import { type Branch, type Leaf, PHASES, type Phase, type RuleHook, type Tree } from "./tree.js";

/**
 * Enough for any handwritten rule. Recursion to this depth fits on any stack, also that of `JSON.stringify` with the
 * result of `describe`.
 */
const MAX_DEPTH = 1200;
const MAX_NAME = 200;

/** The parts of a denial by `false` or by `not`. */
export interface DenialOptions {
  /** Default `permission_denied`. */
  readonly code?: string;
  readonly reason?: string;
  /** 400 to 499. Default 403. */
  readonly status?: number;
}

/** The permission that `and`, `or` and `not` return. */
export class Combination {
  declare readonly "~types": never;

  constructor(readonly tree: Tree) {}

  get name(): string {
    return this.tree.name;
  }

  get [PERMISSION](): PermissionKind {
    return "combination";
  }
}

/**
 * Builds a branch from the operands of the application.
 *
 * @param level The number of lists around it.
 * @param denial The parts of the denial of a `not` whose operand has allowed.
 * @throws {PermissionMisuse} When there is no operand, an operand is no permission, or the nesting is too deep.
 */
export function branch(
  kind: Branch["kind"],
  operands: readonly unknown[],
  level = 0,
  denial: DenialOptions = {},
): Branch {
  if (operands.length === 0) {
    throw new PermissionMisuse(
      `${kind}() has no operand: give at least one permission, as in ${kind}(IsAuthenticated)`,
    );
  }
  const trees = operands.map((operand) => toTree(operand, `${kind}()`, level + 1));
  const depth = 1 + trees.reduce((deepest, tree) => Math.max(deepest, tree.depth), 0);
  checkDepth(depth, kind);
  const name = nameOf(kind, trees);
  return { kind, operands: trees, depth, name, denial: denialOf(name, denial) };
}

function checkDepth(depth: number, kind: string): void {
  if (depth > MAX_DEPTH) {
    throw new PermissionMisuse(
      `${kind}() is nested more than ${MAX_DEPTH} levels deep: give operands side by side, as in and(a, b, c)`,
    );
  }
}

function nameOf(kind: string, trees: readonly Tree[]): string {
  let inner = "";
  for (const { name } of trees) {
    if (inner !== "") inner += ", ";
    inner += name;
    if (inner.length > MAX_NAME) return `${kind}(${inner.slice(0, MAX_NAME)}...)`;
  }
  return `${kind}(${inner})`;
}

/**
 * Builds the tree of one operand, which is a permission, a class of one, or a list.
 *
 * @param caller The function or option to name in the error message.
 * @param level The number of lists around it.
 * @throws {PermissionMisuse} When the operand is no permission, or the nesting is too deep.
 */
export function toTree(operand: unknown, caller: string, level = 0): Tree {
  if (Array.isArray(operand)) {
    if (operand.length === 0) {
      throw new PermissionMisuse(
        `${caller} got an empty list: write AllowAny to admit everybody, DenyAll to admit nobody`,
      );
    }
    checkDepth(level, "and");
    return branch("and", operand, level);
  }
  if (isPermissionClass(operand)) return classLeaf(instanceOf(operand, caller));
  if (!isPermission(operand))
    throw new PermissionMisuse(`${caller} got ${show(operand)}, which is no permission: ${adviceFor(operand)}`);
  const kind = operand[PERMISSION];
  if (kind === "combination") return (operand as Combination).tree;
  return kind === "function" ? ruleLeaf(operand as FunctionRule) : classLeaf(operand as BasePermission);
}

/**
 * Makes the rule of a class that was given uncalled.
 *
 * @throws {PermissionMisuse} When its constructor has parameters, which nobody gives, or throws.
 */
function instanceOf(Class: new () => BasePermission, caller: string): BasePermission {
  const advice = `give an instance, as in new ${Class.name || "IsMember"}(...)`;
  const got = `${caller} got ${show(Class)}, whose constructor`;
  if (Class.length > 0) throw new PermissionMisuse(`${got} has parameters: ${advice}`);
  try {
    return new Class();
  } catch (error) {
    throw new PermissionMisuse(
      `${got} has thrown (${error instanceof Error ? error.message : show(error)}): ${advice}`,
    );
  }
}

function adviceFor(value: unknown): string {
  if (typeof value === "function") {
    const name = value.name || "isMember";
    if (value.length >= 3) {
      return `wrap a middleware as fromExpress(${name}, { app }), and a rule as permission("${name}", ({ scope }) => ...)`;
    }
    return `wrap a plain function as permission("${name}", ${name}), and call a function that makes a permission, as in ${name}(...); a class extends BasePermission`;
  }
  if (typeof value === "object" && value !== null) {
    const [inner] = Object.entries(value).find(([, rule]) => isPermission(rule) || isPermissionClass(rule)) ?? [];
    if (inner !== undefined) return `names are flat, as in "chat.${inner}": write each action with its whole name`;
    return "extend BasePermission, or use permission(name, fn)";
  }
  if (value === undefined) return "was it imported before it was defined (a circular import), or misspelt?";
  return "give a class that extends BasePermission, or permission(name, fn)";
}

function leaf(name: string, options: DenialOptions, ask: (phase: Phase) => RuleHook | undefined): Leaf {
  const hooks = { connect: ask("connect"), action: ask("action"), object: ask("object") };
  return { kind: "leaf", name, denial: denialOf(name, options), hooks, depth: 0 };
}

function ruleLeaf({ name, parts }: FunctionRule): Leaf {
  return leaf(name, {}, (phase) => {
    const fn = parts[phase] as RuleHook["fn"] | undefined;
    return fn && { fn, self: undefined, context: true };
  });
}

const METHODS = { connect: "canConnect", action: "hasPermission", object: "hasObjectPermission" } as const;

function classLeaf(rule: BasePermission<never>): Leaf {
  const name = rule.name || rule.constructor.name || "permission";
  // `BasePermission` itself may stand in a tree, and always abstains.
  if (rule.constructor !== BasePermission && !PHASES.some((phase) => METHODS[phase] in rule)) {
    throw new PermissionMisuse(`\`${name}\` answers nothing: give it canConnect, hasPermission or hasObjectPermission`);
  }
  checkSpelling(rule, name);
  return leaf(name, rule, (phase) => {
    if (!(METHODS[phase] in rule)) return undefined;
    const method: unknown = rule[METHODS[phase]];
    if (typeof method !== "function") {
      throw new PermissionMisuse(
        `\`${name}.${METHODS[phase]}\` is ${show(method)}: define it as a method that answers true or false`,
      );
    }
    if (phase === "action") return { fn: method as RuleHook["fn"], self: rule, context: false };
    const fn = (q: RuleContext) =>
      phase === "connect"
        ? method.call(rule, q.scope, q.consumer, q.message, q)
        : method.call(rule, q.scope, q.consumer, q.action, q.object, q);
    return { fn, self: rule, context: true };
  });
}

/** A misspelt method is never called, and the rule would abstain. */
function checkSpelling(rule: object, name: string): void {
  for (let at = rule; !Object.hasOwn(at, PERMISSION); at = Object.getPrototypeOf(at)) {
    for (const key of Object.getOwnPropertyNames(at)) {
      const meant = Object.values(METHODS).find((method) => isMisspelling(key, method));
      if (meant) {
        throw new PermissionMisuse(`\`${name}.${key}\` is never called: write ${meant}, or give it another name`);
      }
    }
  }
}

function denialOf(by: string, { code = "permission_denied", reason, status }: DenialOptions): Decision {
  checkRefusal("deny", code, status, 499);
  return createDecision("deny", code, { reason, status, by });
}
