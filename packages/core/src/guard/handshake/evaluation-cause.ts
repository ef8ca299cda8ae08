import type { Decision } from "../../decision/decision-types.js";
import type { Payload } from "../../types.js";
import type { DecisionPhase } from "../decision-phase.js";
import type { OpenSession } from "../guard-session.js";
import type { WatchedAuthentication } from "../watched-authentication.js";

/** The reason for an evaluation that is not the first admission of a client. */
export interface EvaluationCause {
  /** The adapter's own refusal, if any. */
  readonly refusal?: Decision | undefined;
  /** The session whose client is authenticated again. */
  readonly session?: OpenSession;
  /** True when that client has sent no message since it was last authenticated. */
  readonly isIdle?: boolean;
  /** The phase that `onDecision` gets. Default `connect`. */
  readonly phase?: DecisionPhase;
  /** The payload of the renewal that is asked about, or of the last accepted one. */
  readonly renewal?: Payload | undefined;
  /** Watches for revocations. Default: that of the guard's continuity. */
  readonly watched?: WatchedAuthentication;
}
