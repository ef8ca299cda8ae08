import { decision } from "../decision/decision.js";
import { misuse, PermissionMisuse } from "../decision/errors.js";
import { checkChoice, checkKeys, readMilliseconds } from "../decision/read-options.js";
import type { EvaluationOptions } from "../engine/cancellation.js";
import { HANDS_ON } from "../engine/combine.js";
import { hiddenActions } from "../engine/hidden-actions.js";
import { compile, preparing, refusing } from "../engine/program.js";
import { makeStage, type Stage } from "../engine/stage.js";
import { StageList } from "../engine/stage-list.js";
import { isPermission } from "../rules/permission.js";
import { type Leaf, PHASES, type Phase, type Tree, toTree, unlisted } from "../rules/tree.js";
import type { Payload } from "../types.js";
import type { ActionEntry, PolicyOptions, Timeouts } from "./options.js";

/** One action, ready to be asked. */
export interface ActionRule {
  readonly rule: Tree;
  readonly concurrent: boolean;
  readonly objects: "checked-by-handler" | undefined;
  /** Whether some rule of this action can only be decided once the object is there. */
  readonly pending: boolean;
  readonly stages: StageList;
  readonly objectStages: readonly Stage[];
  /** Whether some rule of this action has a question about the object. */
  readonly asksObject: boolean;
  /** Whether its payload is parsed. */
  readonly isParsed: boolean;
  /** Whether some rule of this action may hand another payload to the handler. */
  readonly handsOn: boolean;
}

/** A policy, ready to be asked. */
export interface Rules {
  readonly connect: Tree | undefined;
  readonly permissions: Tree | undefined;
  readonly table: ReadonlyMap<string, ActionRule> | undefined;
  readonly controls: Readonly<Record<Phase, EvaluationOptions>>;
  readonly connectStages: StageList;
  /** What an action that is in no table meets. */
  readonly other: ActionRule;
  entryOf(action: string): ActionRule;
}

/** Checks what a payload is, before the rule of an action is asked: answers `{ payload }` or a refusal, or later. */
export type Parse = (payload: Payload) => unknown;

const KEYS = ["connect", "permissions", "actions", "timeout", "unknownAction"];
const UNKNOWN_ACTION = { values: [undefined, "deny"], advice: 'leave it out, or write "deny"' };
const OBJECTS = {
  values: [undefined, "checked-by-handler"],
  advice: 'leave it out, or write "checked-by-handler"',
};
const CONCURRENT = { values: [undefined, true, false], advice: "write true or false" };
const ENTRY_KEYS = ["rule", "concurrent", "objects"];

const UNKNOWN = decision("deny", "unknown_action", { status: 405, reason: "Unknown action.", by: "actions" });

/**
 * Reads what the developer gave to `definePolicy`.
 *
 * @param parses Input checks by action.
 * @throws {PermissionMisuse} When something is missing, unknown or no rule.
 */
export function buildRules(
  options: PolicyOptions<unknown, unknown, unknown>,
  parses?: ReadonlyMap<string, Parse>,
): Rules {
  const caller = "definePolicy()";
  checkKeys(caller, options, KEYS);
  const { actions, unknownAction, timeout } = options;
  const hasTable = "actions" in options;
  if (!hasTable && !("permissions" in options)) {
    throw new PermissionMisuse(
      `${caller} got neither \`permissions\` nor \`actions\`: write \`permissions: AllowAny\` to leave messages open`,
    );
  }
  checkChoice(caller, "unknownAction", unknownAction, UNKNOWN_ACTION);
  const common = treeOf(options, "permissions");
  const permissions = common && !hasTable ? unlisted(common) : common;
  const connect = treeOf(options, "connect");
  const before = partOf(permissions, 0, hasTable);
  const hides = unknownAction === "deny";
  const refused = [makeStage(1, hides ? hiddenActions() : refusing(UNKNOWN))];
  const unknown = { ...SILENT, stages: refused, objectStages: refused };
  const table = hasTable ? readTable(actions, before, parses) : undefined;
  for (const { stages, objectStages } of table?.values() ?? []) {
    for (const stage of [...stages.list, ...objectStages]) stage.hides = hides;
  }
  return {
    connect,
    permissions,
    table,
    controls: readTimeouts(timeout),
    connectStages: new StageList([
      ...stagesOf(permissions, "connect", 0, true),
      ...stagesOf(connect, "connect", 1, false),
    ]),
    other: makeEntry(hasTable ? [{ ...before, pending: false, asksObject: false }, unknown] : [before]),
    entryOf,
  };
}

/** One function for all policies: a closure for each would make every call of it a slow one. */
function entryOf(this: Rules, action: string): ActionRule {
  return this.table?.get(action) ?? this.other;
}

/** What one part of a policy adds to an entry. */
interface Part extends Pick<ActionRule, "pending" | "objectStages" | "asksObject" | "handsOn"> {
  readonly stages: readonly Stage[];
}

const SILENT: Omit<Part, "stages"> = { pending: false, objectStages: [], asksObject: false, handsOn: false };

/** All entries have the same shape, which keeps the hot path fast: a spread may give each a shape of its own. */
function makeEntry(parts: readonly Part[], known: Partial<ActionRule> = {}): ActionRule {
  const { rule = undefined as never, concurrent = false, objects, isParsed = false } = known;
  return {
    rule,
    concurrent,
    objects,
    pending: parts.some(({ pending }) => pending),
    stages: new StageList(parts.flatMap(({ stages }) => stages)),
    objectStages: parts.flatMap(({ objectStages }) => objectStages),
    asksObject: parts.some(({ asksObject }) => asksObject),
    isParsed,
    handsOn: parts.some(({ handsOn }) => handsOn),
  };
}

function readTable(actions: unknown, before: Part, parses?: ReadonlyMap<string, Parse>): Map<string, ActionRule> {
  if (typeof actions !== "object" || actions === null || Array.isArray(actions)) {
    throw misuse("definePolicy()", actions, "give an object of rules by action name", "`actions`");
  }
  const table = new Map<string, ActionRule>();
  for (const [name, value] of Object.entries(actions)) {
    const caller = `\`actions["${name}"]\``;
    const isEntry = typeof value === "object" && value !== null && "rule" in value && !isPermission(value);
    const { rule: operand, objects, concurrent } = (isEntry ? value : { rule: value }) as ActionEntry;
    if (isEntry) checkKeys(caller, value, ENTRY_KEYS);
    checkChoice(caller, "objects", objects, OBJECTS);
    checkChoice(caller, "concurrent", concurrent, CONCURRENT);
    const rule = toTree(operand, caller);
    const parse = parses?.get(name);
    const parsing = parse
      ? [
          makeStage(
            1,
            preparing("input", ({ payload }) => parse(payload)),
          ),
        ]
      : [];
    table.set(
      name,
      makeEntry([before, { ...SILENT, stages: parsing }, partOf(rule, 1, false)], {
        rule,
        concurrent: concurrent === true,
        objects,
        isParsed: parse !== undefined,
      }),
    );
  }
  return table;
}

/**
 * What a tree adds to an entry. Where its rules know objects, the action's answers come again beside the object's; where
 * they know nothing else, they do not: all of them stand so that the object decides.
 */
function partOf(tree: Tree | undefined, part: 0 | 1, passesAbstain: boolean): Part {
  const stages = stagesOf(tree, "action", part, passesAbstain);
  const asksObject = has(tree, (asks) => asks.object);
  const repeated = has(tree, (asks) => asks.action)
    ? stages.map(({ program }) => makeStage(part, program, passesAbstain, true))
    : [];
  const objectStages = asksObject ? [...repeated, ...stagesOf(tree, "object", part, passesAbstain)] : stages;
  const handsOn = has(tree, ({ action }) => action && HANDS_ON in action.fn);
  return { pending: stages.some(({ program }) => program.pending), stages, objectStages, asksObject, handsOn };
}

function stagesOf(tree: Tree | undefined, phase: Phase, part: 0 | 1, passesAbstain: boolean): Stage[] {
  if (tree === undefined) return [];
  const program = compile(tree, phase, part === 1);
  if (program === undefined && passesAbstain) return [];
  const silent = () => refusing(decision("deny", "permission_denied", { by: tree.name }));
  return [makeStage(part, program ?? silent(), passesAbstain)];
}

/** Whether some rule of a tree has such questions. */
function has(tree: Tree | undefined, such: (asks: Leaf["hooks"]) => unknown): boolean {
  if (tree?.kind === "leaf") return Boolean(such(tree.hooks));
  return tree?.operands.some((operand) => has(operand, such)) ?? false;
}

/** A rule that is named but undefined (a circular import, a misspelling) must not count as left out. */
function treeOf(options: PolicyOptions<unknown, unknown, unknown>, key: "connect" | "permissions"): Tree | undefined {
  return key in options ? toTree(options[key], `\`${key}\``) : undefined;
}

const DEFAULT_TIMEOUT = 5000;

function readTimeouts(timeouts: Timeouts = {}): Record<Phase, EvaluationOptions> {
  checkKeys("`timeout`", timeouts, PHASES);
  const read = (phase: Phase): EvaluationOptions => {
    const { [phase]: milliseconds = DEFAULT_TIMEOUT } = timeouts;
    return { timeout: readMilliseconds(milliseconds, `\`timeout.${phase}\``) };
  };
  return { connect: read("connect"), action: read("action"), object: read("object") };
}
