import type { Decision } from "../decision/decision-types.js";
import type { DecisionPhase } from "../guard/decision-phase.js";
import type { HandshakeAttempt } from "../guard/handshake/handshake-result.js";
import type { Scope } from "../types.js";
import type { AuthenticationWatch } from "./authentication-watch.js";
import type { Reask } from "./reauthentication-types.js";
import type { SharedLeaseParts } from "./shared-lease-parts.js";

/** The connection that a lease belongs to. */
export interface LeaseHolder {
  /** The parts of its guard that leases share. */
  readonly shared: SharedLeaseParts;
  /** The id of the session, if somebody has read it. */
  readonly knownId: string | undefined;
  scope: Scope;
  readonly isEnded: boolean;
  /** Milliseconds that one authentication may take. */
  readonly connectTimeout: number;
  authenticate(question: Reask, watch: AuthenticationWatch): HandshakeAttempt;
  /** Ends everything of the connection but its transport. */
  end(): void;
  /** Calls back once the transport is gone. */
  whenGone(callback: () => void): void;
  /** Closes the transport of a connection that has ended. */
  closeTransport(decision: Decision): void;
  /** Sends a frame of the server's own. */
  notify(event: "expiring" | "expired", data: object): void;
  /** Prints a hint for the developer, once. */
  hint(text: string): void;
  reportContinuity(phase: DecisionPhase, decision: Decision): void;
  /** Tells the application of a new scope. */
  replaced(previous: Scope): void;
}

/** How an authorization ends. */
export interface Finish {
  readonly phase: DecisionPhase;
  /** True when `onDecision` has heard of it already. */
  readonly isReported?: boolean;
  /** True for an end that goes before others, because the access of this connection was taken away. Default: false. */
  readonly isUrgent?: boolean;
}
