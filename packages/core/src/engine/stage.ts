import type { Program } from "./program.js";

/** One part of a question to a policy. All stages must pass, each judged alone. */
export interface Stage {
  /** The part of the policy: 0 is its `permissions`, 1 is the rule of the phase. */
  readonly part: 0 | 1;
  readonly program: Program;
  /** True when an abstention passes. */
  readonly passesAbstain: boolean;
  /** True when a later stage asks the same rules again, and provides their evidence. */
  readonly isRepeated: boolean;
  /** True when a client without a user must not see the refusal of its payload. */
  hides: boolean;
}

/** Makes a stage. All stages have the same shape, which keeps the hot path fast. */
export function makeStage(part: 0 | 1, program: Program, passesAbstain = false, isRepeated = false): Stage {
  return { part, program, passesAbstain, isRepeated, hides: false };
}
