import { createDecision } from "../decision/decision.js";
import { HANDS_ON } from "../engine/combine.js";
import { compile, refusing } from "../engine/program.js";
import { makeStage, type Stage } from "../engine/stage.js";
import { StageList } from "../engine/stage-list.js";
import { AllowAny } from "../rules/built-in/allow-any.js";
import type { Leaf, Phase, Tree } from "../rules/tree.js";
import type { ActionRule } from "./compiled-rules.js";

/** The contribution of one part of a policy to an entry. */
export interface Part
  extends Pick<ActionRule, "needsObject" | "objectStages" | "asksObject" | "judgesObject" | "handsOn"> {
  readonly stages: readonly Stage[];
}

/** A part without rules. */
export const SILENT: Omit<Part, "stages"> = {
  needsObject: false,
  objectStages: [],
  asksObject: false,
  judgesObject: false,
  handsOn: false,
};

/**
 * All entries have the same shape, which keeps the hot path fast. A spread could give each entry a shape of its own.
 */
export function makeEntry(parts: readonly Part[], known: Partial<ActionRule> = {}): ActionRule {
  const { rule = undefined as never, concurrent = false, objects, isParsed = false } = known;
  return {
    rule,
    concurrent,
    objects,
    needsObject: parts.some(({ needsObject }) => needsObject),
    stages: new StageList(parts.flatMap(({ stages }) => stages)),
    objectStages: parts.flatMap(({ objectStages }) => objectStages),
    asksObject: parts.some(({ asksObject }) => asksObject),
    judgesObject: parts.some(({ judgesObject }) => judgesObject),
    isParsed,
    handsOn: parts.some(({ handsOn }) => handsOn),
  };
}

/**
 * Compiles one part of a policy. When a rule has an object hook, the object question repeats the action stages in front
 * of the object stages. They are not repeated when no rule has an action hook, because each of them then only stands in
 * for the answer about the object.
 */
export function partOf(tree: Tree | undefined, part: 0 | 1, passesAbstain: boolean): Part {
  const stages = stagesOf(tree, "action", part, passesAbstain);
  const asksObject = has(tree, (asks) => asks.object);
  const repeated = has(tree, (asks) => asks.action)
    ? stages.map(({ program }) => makeStage(part, program, passesAbstain, true))
    : [];
  const objectStages = asksObject ? [...repeated, ...stagesOf(tree, "object", part, passesAbstain)] : stages;
  const handsOn = has(tree, ({ action }) => action && HANDS_ON in action.fn);
  const judgesObject = has(tree, ({ object }) => object && !(object.self instanceof AllowAny));
  const needsObject = stages.some(({ program }) => program.needsObject);
  return { needsObject, stages, objectStages, asksObject, judgesObject, handsOn };
}

/** Compiles a tree for one phase. A tree without an answer refuses, unless an abstention passes. */
export function stagesOf(tree: Tree | undefined, phase: Phase, part: 0 | 1, passesAbstain: boolean): Stage[] {
  if (tree === undefined) return [];
  const program = compile(tree, phase, part === 1);
  if (program === undefined && passesAbstain) return [];
  const silent = () => refusing(createDecision("deny", "permission_denied", { by: tree.name }));
  return [makeStage(part, program ?? silent(), passesAbstain)];
}

/** True when the hooks of some rule of the tree match. */
function has(tree: Tree | undefined, such: (asks: Leaf["hooks"]) => unknown): boolean {
  if (tree?.kind === "leaf") return Boolean(such(tree.hooks));
  return tree?.operands.some((operand) => has(operand, such)) ?? false;
}
