import { decision } from "./decision.js";
import { PermissionMisuse, show } from "./errors.js";
import type { Stage } from "./evaluate.js";
import { isPermission } from "./permission.js";
import type { PolicyOptions, Timeouts } from "./policy.js";
import { compile, type Program, preparing, refusing } from "./program.js";
import type { Control } from "./run.js";
import { type Moment, type Tree, toTree } from "./tree.js";
import type { Payload } from "./types.js";

/** One action, ready to be asked. */
export interface ActionRule {
  readonly rule: Tree;
  readonly concurrent: boolean;
  readonly objects: "checked-by-handler" | undefined;
  /** Whether some rule of this action can only be decided once the object is there. */
  readonly pending: boolean;
  readonly stages: readonly Stage[];
  readonly objectStages: readonly Stage[];
  /** Whether some rule of this action has a question about the object. */
  readonly asksObject: boolean;
  /** Whether its payload is parsed. */
  readonly isParsed: boolean;
}

/** A policy, ready to be asked. */
export interface Rules {
  readonly connect: Tree | undefined;
  readonly permissions: Tree | undefined;
  readonly table: ReadonlyMap<string, ActionRule> | undefined;
  readonly controls: Readonly<Record<Moment, Control>>;
  readonly connectStages: readonly Stage[];
  /** What an action that is in no table meets. */
  readonly other: ActionRule;
  entryOf(action: string): ActionRule;
}

/** Checks what a payload is, before the rule of an action is asked: answers `{ payload }` or a refusal, or later. */
export type Parse = (payload: Payload) => unknown;

const KEYS = ["connect", "permissions", "actions", "timeout", "unknownAction"];
const ENTRY_KEYS = ["rule", "concurrent", "objects"];

const UNKNOWN = decision("deny", "unknown_action", { status: 405, reason: "Unknown action.", by: "actions" });
const DENIED = decision("deny", "permission_denied", { by: "actions" });

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
  checkKeys("definePolicy()", options, KEYS);
  const { actions, unknownAction } = options;
  const hasTable = "actions" in options;
  if (!hasTable && !("permissions" in options)) {
    throw new PermissionMisuse(
      "definePolicy() got neither `permissions` nor `actions`: write `permissions: AllowAny` to leave messages open",
    );
  }
  if (unknownAction !== undefined && unknownAction !== "deny") {
    throw new PermissionMisuse(
      `definePolicy() got ${show(unknownAction)} as \`unknownAction\`: leave it out, or write "deny"`,
    );
  }
  const general = treeOf(options, "permissions");
  const specific = treeOf(options, "connect");
  const refusal = unknownAction === "deny" ? DENIED : UNKNOWN;
  const before = stagesOf(general, 0, hasTable);
  const end = hasTable ? [makeStage(1, refusing(refusal))] : [];
  const other = makeEntry({
    pending: before.pending && !hasTable,
    stages: [...before.action, ...end],
    objectStages: [...withObject(before), ...end],
    asksObject: before.object.length > 0 && !hasTable,
  });
  const table = hasTable ? readTable(actions, before, parses) : undefined;
  return {
    connect: specific,
    permissions: general,
    table,
    controls: readTimeouts(options.timeout),
    connectStages: [...stage(general, "connect", 0, true), ...stage(specific, "connect", 1, false)],
    other,
    entryOf,
  };
}

/** One function for all policies: a closure for each would make every call of it a slow one. */
function entryOf(this: Rules, action: string): ActionRule {
  return this.table?.get(action) ?? this.other;
}

type AskedOf = Pick<ActionRule, "pending" | "stages" | "objectStages" | "asksObject">;

/** All entries have the same shape, which keeps the hot path fast: a spread may give each a shape of its own. */
function makeEntry(asked: AskedOf, said: Partial<ActionRule> = {}): ActionRule {
  const { pending, stages, objectStages, asksObject } = asked;
  const { rule = undefined as never, concurrent = false, objects, isParsed = false } = said;
  return { rule, concurrent, objects, pending, stages, objectStages, asksObject, isParsed };
}

interface PartStages {
  action: Stage[];
  object: Stage[];
  asksAction: boolean;
  pending: boolean;
}

function readTable(actions: unknown, before: PartStages, parses?: ReadonlyMap<string, Parse>): Map<string, ActionRule> {
  if (typeof actions !== "object" || actions === null || Array.isArray(actions)) {
    throw new PermissionMisuse(
      `definePolicy() got ${show(actions)} as \`actions\`: give an object of rules by action name`,
    );
  }
  const table = new Map<string, ActionRule>();
  for (const [name, given] of Object.entries(actions)) {
    const place = `\`actions["${name}"]\``;
    const entry = isEntry(given) ? given : { rule: given };
    if (isEntry(given)) checkKeys(place, given, ENTRY_KEYS);
    const { objects, concurrent } = entry as { objects?: unknown; concurrent?: unknown };
    if (objects !== undefined && objects !== "checked-by-handler") {
      throw new PermissionMisuse(
        `${place} got ${show(objects)} as \`objects\`: leave it out, or write "checked-by-handler"`,
      );
    }
    if (concurrent !== undefined && typeof concurrent !== "boolean") {
      throw new PermissionMisuse(`${place} got ${show(concurrent)} as \`concurrent\`: write true or false`);
    }
    const rule = toTree(entry.rule, place);
    const own = stagesOf(rule, 1, false);
    const parse = parses?.get(name);
    const parsing = parse
      ? [
          makeStage(
            1,
            preparing("input", ({ payload }) => parse(payload)),
          ),
        ]
      : [];
    const asked = {
      pending: before.pending || own.pending,
      stages: [...before.action, ...parsing, ...own.action],
      objectStages: [...withObject(before), ...withObject(own)],
      asksObject: before.object.length + own.object.length > 0,
    };
    table.set(
      name,
      makeEntry(asked, { rule, concurrent: concurrent === true, objects, isParsed: parse !== undefined }),
    );
  }
  return table;
}

/** A permission may have a field called `rule` and is no entry all the same. */
function isEntry(given: unknown): given is { rule: unknown } {
  return typeof given === "object" && given !== null && "rule" in given && !isPermission(given);
}

function stagesOf(tree: Tree | undefined, part: 0 | 1, passesAbstain: boolean): PartStages {
  const action = stage(tree, "action", part, passesAbstain);
  const object = tree && knows(tree, "object") ? stage(tree, "object", part, passesAbstain) : [];
  const asksAction = tree !== undefined && knows(tree, "action");
  return { action, object, asksAction, pending: action.some(({ program }) => program.pending) };
}

/**
 * The stages of an object question. Where rules know objects, the action's answers come again beside the object's;
 * where rules know nothing else, there are none: all of them stand so that the object decides.
 */
function withObject({ action, object, asksAction }: PartStages): Stage[] {
  if (object.length === 0) return action;
  return asksAction ? [...action.map(repeated), ...object] : object;
}

function repeated({ part, program, passesAbstain }: Stage): Stage {
  return makeStage(part, program, passesAbstain, true);
}

function stage(tree: Tree | undefined, moment: Moment, part: 0 | 1, passesAbstain: boolean): Stage[] {
  if (tree === undefined) return [];
  const program = compile(tree, moment, part === 1);
  if (program) return [makeStage(part, program, passesAbstain)];
  return passesAbstain ? [] : [makeStage(part, refusing(decision("deny", "permission_denied", { by: tree.name })))];
}

/** All stages have the same shape, which keeps the hot path fast. */
export function makeStage(part: 0 | 1, program: Program, passesAbstain = false, isRepeated = false): Stage {
  return { part, program, passesAbstain, isRepeated };
}

function knows(tree: Tree, moment: Moment): boolean {
  const stack = [tree];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.kind === "leaf") {
      if (node.asks[moment]) return true;
    } else stack.push(...node.operands);
  }
  return false;
}

/** A rule that is named but undefined (a circular import, a misspelling) must not count as left out. */
function treeOf(options: PolicyOptions<unknown, unknown, unknown>, key: "connect" | "permissions"): Tree | undefined {
  return key in options ? toTree(options[key], `\`${key}\``) : undefined;
}

const DEFAULT_TIMEOUT = 5000;
const LONGEST_TIMEOUT = 2 ** 31 - 1;

function readTimeouts(given: Timeouts = {}): Record<Moment, Control> {
  checkKeys("`timeout`", given, ["connect", "action", "object"]);
  const read = (moment: Moment): Control => {
    const { [moment]: milliseconds = DEFAULT_TIMEOUT } = given;
    return { timeout: readMilliseconds(milliseconds, `\`timeout.${moment}\``) };
  };
  return { connect: read("connect"), action: read("action"), object: read("object") };
}

/**
 * Reads a length of time.
 *
 * @throws {PermissionMisuse} When it is no number of milliseconds above 0.
 */
export function readMilliseconds(value: unknown, place: string): number {
  if (typeof value === "number" && value > 0 && value <= LONGEST_TIMEOUT) return value;
  throw new PermissionMisuse(`${place} is ${show(value)}: give milliseconds, from 1 to ${LONGEST_TIMEOUT}`);
}

/**
 * Checks that an options object holds known keys only.
 *
 * @throws {PermissionMisuse} When it does not, naming the known ones.
 */
export function checkKeys(place: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new PermissionMisuse(`${place} got ${show(given)}: give an object with ${known.join(", ")}`);
  }
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new PermissionMisuse(`${place} has no option \`${unknown}\`: the options are ${known.join(", ")}`);
}
