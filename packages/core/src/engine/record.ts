import type { RuleHook } from "../rules/tree.js";
import type { Payload } from "../types.js";
import type { LeafResult } from "./leaf-result.js";

/** An answer with its duration. */
export interface RecordedAnswer extends LeafResult {
  /** Milliseconds. */
  readonly milliseconds: number;
}

/**
 * The answers of the rules to one message, for the object phase and for traces, with its parsed payload and its object.
 */
export interface AnswerRecord {
  /** Answers by hook, of the `permissions` and of the rule. */
  readonly answers: readonly [Map<RuleHook, RecordedAnswer>, Map<RuleHook, RecordedAnswer>];
  /** True when recorded answers are used instead of asking again. */
  reuses: boolean;
  /** Set by an input schema. */
  payload?: Payload;
  /** Set by an object loader. */
  object?: unknown;
}

/** The result of a stage without rules: the parsed payload, or the loaded object. */
export type Prepared = Pick<AnswerRecord, "payload" | "object">;

/** Makes an empty {@link AnswerRecord}. */
export function createAnswerRecord(): AnswerRecord {
  return { answers: [new Map(), new Map()], reuses: false };
}
