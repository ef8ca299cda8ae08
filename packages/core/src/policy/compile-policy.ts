import { createDecision } from "../decision/decision.js";
import { misuse, PermissionMisuse } from "../decision/errors.js";
import { checkChoice, checkKeys, readMilliseconds } from "../decision/read-options.js";
import type { EvaluationOptions } from "../engine/cancellation.js";
import { hiddenActions } from "../engine/hidden-actions.js";
import { preparing, refusing } from "../engine/program.js";
import { makeStage } from "../engine/stage.js";
import { StageList } from "../engine/stage-list.js";
import { toTree } from "../rules/build-tree.js";
import { isPermission } from "../rules/permission.js";
import { PHASES, type Phase, type Tree, unlisted } from "../rules/tree.js";
import type { Payload } from "../types.js";
import type { ActionRule, Rules } from "./compiled-rules.js";
import type { ActionEntry, PolicyOptions, Timeouts } from "./options.js";
import { makeEntry, type Part, partOf, SILENT, stagesOf } from "./policy-parts.js";

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

const UNKNOWN = createDecision("deny", "unknown_action", { status: 405, reason: "Unknown action.", by: "actions" });

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
    other: makeEntry(
      hasTable ? [{ ...before, needsObject: false, asksObject: false, judgesObject: false }, unknown] : [before],
    ),
    entryOf,
  };
}

/** Shared by all policies. A closure per policy would slow down every call of it. */
function entryOf(this: Rules, action: string): ActionRule {
  return this.table?.get(action) ?? this.other;
}

function readTable(actions: unknown, before: Part, parses?: ReadonlyMap<string, Parse>): Map<string, ActionRule> {
  if (typeof actions !== "object" || actions === null || Symbol.iterator in actions) {
    throw misuse("definePolicy()", actions, "give an object of rules by action name", "`actions`");
  }
  const table = new Map<string, ActionRule>();
  for (const [name, value] of Object.entries(actions)) {
    const caller = `\`actions["${name}"]\``;
    if (name.includes("*")) {
      throw new PermissionMisuse(
        `${caller} has a \`*\`, and names are literal: list the actions, or use \`permissions\``,
      );
    }
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
