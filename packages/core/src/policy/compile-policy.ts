import { decision } from "../decision/decision.js";
import { misuse, PermissionMisuse } from "../decision/errors.js";
import { checkChoice, checkKeys, readMilliseconds } from "../decision/read-options.js";
import type { EvaluationOptions } from "../engine/cancellation.js";
import { HANDS_ON } from "../engine/combine.js";
import { hiddenActions } from "../engine/hidden-actions.js";
import { compile, preparing, refusing } from "../engine/program.js";
import { makeStage, type Stage } from "../engine/stage.js";
import { StageList } from "../engine/stage-list.js";
import { toTree } from "../rules/build-tree.js";
import { isPermission } from "../rules/permission.js";
import { type Leaf, PHASES, type Phase, type Tree, unlisted } from "../rules/tree.js";
import type { Payload } from "../types.js";
import type { ActionEntry, PolicyOptions, Timeouts } from "./options.js";

/** The compiled rule of one action. */
export interface ActionRule {
  readonly rule: Tree;
  readonly concurrent: boolean;
  readonly objects: "checked-by-handler" | undefined;
  /** True when some rule of this action can only be decided with an object. */
  readonly pending: boolean;
  readonly stages: StageList;
  readonly objectStages: readonly Stage[];
  /** True when some rule of this action has a hook for the object phase. */
  readonly asksObject: boolean;
  /** True when an input schema parses the payload. */
  readonly isParsed: boolean;
  /** True when some rule of this action may replace the payload of the handler. */
  readonly handsOn: boolean;
}

/** A compiled policy. */
export interface Rules {
  readonly connect: Tree | undefined;
  readonly permissions: Tree | undefined;
  readonly table: ReadonlyMap<string, ActionRule> | undefined;
  readonly controls: Readonly<Record<Phase, EvaluationOptions>>;
  readonly connectStages: StageList;
  /** The entry of every action that is not in the table; of all actions when there is no table. */
  readonly other: ActionRule;
  entryOf(action: string): ActionRule;
}

/**
 * Parses a payload before the rule of the action is evaluated. Returns `{ payload }` or a refusal, or a promise of
 * either.
 */
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
 * Validates and compiles the options of `definePolicy`.
 *
 * @param parses The parsers of payloads, by name of the action.
 * @throws {PermissionMisuse} When a required option is missing, an option is unknown, or a value is no rule.
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

/** Shared by all policies. A closure per policy would slow down every call of it. */
function entryOf(this: Rules, action: string): ActionRule {
  return this.table?.get(action) ?? this.other;
}

/** The contribution of one part of a policy to an entry. */
interface Part extends Pick<ActionRule, "pending" | "objectStages" | "asksObject" | "handsOn"> {
  readonly stages: readonly Stage[];
}

const SILENT: Omit<Part, "stages"> = { pending: false, objectStages: [], asksObject: false, handsOn: false };

/**
 * All entries have the same shape, which keeps the hot path fast. A spread could give each entry a shape of its own.
 */
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
 * Compiles one part of a policy. When a rule has an object hook, the object question repeats the action stages in front
 * of the object stages. They are not repeated when no rule has an action hook, because each of them then only stands in
 * for the answer about the object.
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

/** True when the hooks of some rule of the tree match. */
function has(tree: Tree | undefined, such: (asks: Leaf["hooks"]) => unknown): boolean {
  if (tree?.kind === "leaf") return Boolean(such(tree.hooks));
  return tree?.operands.some((operand) => has(operand, such)) ?? false;
}

/** An option that is present but `undefined` (a circular import, a misspelling) must not count as omitted. */
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
