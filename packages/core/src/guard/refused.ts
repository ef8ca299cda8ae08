import type { Decision } from "../decision/decision-types.js";
import type { Rules } from "../policy/compiled-rules.js";
import type { Payload, Scope } from "../types.js";

/** A refusal, as a decision log gets it. */
export interface RefusalReport {
  readonly decision: Decision;
  readonly action: string;
  readonly scope: Scope;
  /** The payload of a message that the codec could not read as a request. */
  readonly payload?: Payload;
  /** The request as the codec returned it, when no answer to it was sent. */
  readonly unanswered?: object;
}

/** The facts that a hint is made of. */
export interface Refused extends RefusalReport {
  readonly rules: Rules;
  /** True when the guard has the option `authenticate`. */
  readonly authenticates: boolean;
  /** True when `authenticate` has returned a `user`, also `null`, for some client. */
  readonly hasFoundUser: boolean;
  /** True when `authenticate` has returned a user who is signed in, for some client. */
  readonly hasSignedIn: boolean;
}

/** Explains a refusal that points at a mistake in the setup; `undefined` for all others. */
export type Hint = (refused: Refused) => string | undefined;
