import type { Decision } from "../../decision/decision-types.js";
import type { Scope } from "../../types.js";

/** The result of a handshake evaluation. */
export interface HandshakeResult {
  readonly decision: Decision;
  readonly scope: Scope;
}

/** A handshake evaluation that is under way. */
export interface HandshakeAttempt {
  readonly result: HandshakeResult | Promise<HandshakeResult>;
  abort(): void;
}
