import type { RuleHook } from "../rules/tree.js";
import type { Payload } from "../types.js";
import type { LeafResult } from "./tree-walker.js";

/** An answer and how long it took. */
export interface RecordedAnswer extends LeafResult {
  /** Milliseconds. */
  readonly milliseconds: number;
}

/** The answers to one message, for the object question and for traces, and its parsed payload. */
export interface AnswerRecord {
  /** Answers by hook, of the `permissions` and of the rule. */
  readonly answers: readonly [Map<RuleHook, RecordedAnswer>, Map<RuleHook, RecordedAnswer>];
  /** True when answers that are there already are used instead of asking. */
  reuses: boolean;
  /** Set by an input schema. */
  payload?: Payload;
  /** Set by an object loader. */
  object?: unknown;
}

/** The result of a stage that asks no rule: the parsed payload, or the loaded object. */
export type Prepared = Pick<AnswerRecord, "payload" | "object">;

/** Makes an empty {@link AnswerRecord}. */
export function createAnswerRecord(): AnswerRecord {
  return { answers: [new Map(), new Map()], reuses: false };
}
