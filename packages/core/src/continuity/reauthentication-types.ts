import type { Decision } from "../decision/decision-types.js";
import type { DecisionPhase } from "../guard/decision-phase.js";
import type { HandshakeAttempt } from "../guard/handshake/handshake-result.js";
import type { Payload, Scope } from "../types.js";
import type { AuthenticationWatch } from "./authentication-watch.js";
import type { IdentityState } from "./identity-state.js";

/** One question: authenticate the client again. */
export interface Reask {
  readonly phase: DecisionPhase;
  /** The payload of a renewal. */
  readonly renewal?: Payload | undefined;
  /** Receives the decision that settles the question. */
  answer?(decision: Decision): void;
}

/** The result of an accepted authentication. */
export interface Accepted {
  readonly question: Reask;
  readonly watch: AuthenticationWatch;
  readonly scope: Scope;
}

/** The connection that is authenticated again. */
export interface Subject extends Readonly<Pick<IdentityState, "principal" | "isPending">> {
  readonly isEnded: boolean;
  watch(): AuthenticationWatch;
  /** Runs `authenticate` and the connect rules. */
  authenticate(question: Reask, watch: AuthenticationWatch): HandshakeAttempt;
  accept(accepted: Accepted): void;
  /** Ends the connection by a refusal. */
  refuse(decision: Decision, phase: DecisionPhase): void;
  /** Reports a decision that no authentication has made. */
  report(phase: DecisionPhase, decision: Decision): void;
  /** Asks for a further question, when the guard has room for it. */
  joinQueue(): void;
  /**
   * Asks for a further question later: after a fault, or where demands come too fast.
   *
   * @param least Milliseconds after which it may be asked where a message waits for it.
   */
  retryIn(milliseconds: number, least?: number): void;
  /** Prints a hint for the developer, once. */
  hint(text: string): void;
  /** Nothing is under way, waits, or is to be remembered. */
  rest(): void;
}
