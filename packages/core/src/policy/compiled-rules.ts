import type { EvaluationOptions } from "../engine/cancellation.js";
import type { Stage } from "../engine/stage.js";
import type { StageList } from "../engine/stage-list.js";
import type { Phase, Tree } from "../rules/tree.js";

/** The compiled rule of one action. */
export interface ActionRule {
  readonly rule: Tree;
  readonly concurrent: boolean;
  readonly objects: "checked-by-handler" | undefined;
  /** True when some rule of this action can only be decided with an object. */
  readonly needsObject: boolean;
  readonly stages: StageList;
  readonly objectStages: readonly Stage[];
  /** True when some rule of this action has a hook for the object phase. */
  readonly asksObject: boolean;
  /** The same, but `AllowAny` does not count, because its answer is the same for every object. */
  readonly judgesObject: boolean;
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
