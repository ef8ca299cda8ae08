import type { Program } from "./program.js";

/** One part of a question to a policy. All stages must pass, each judged alone. */
export interface Stage {
  /** The part of the policy that answers: 0 its `permissions`, 1 the rule of the phase. */
  readonly part: 0 | 1;
  readonly program: Program;
  /** True when "nothing to say" passes. */
  readonly passesAbstain: boolean;
  /** True when a later stage asks the same rules again: what they found is taken from there. */
  readonly isRepeated: boolean;
  /** True when a client without a user is not told that its payload does not fit. */
  hides: boolean;
}

/** Makes a stage. All have the same shape, which keeps the hot path fast. */
export function makeStage(part: 0 | 1, program: Program, passesAbstain = false, isRepeated = false): Stage {
  return { part, program, passesAbstain, isRepeated, hides: false };
}
