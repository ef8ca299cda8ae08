import { createDecision } from "../decision/decision.js";
import type { Decision } from "../decision/decision-types.js";

/**
 * Returns the WebSocket close code for a refusal. 401 is 4401, 429 and 503 are 1013, 500 is 1011, all others are 4403.
 * Codes from 4000 to 4999 are for private use (RFC 6455, section 7.4.2).
 */
export function closeCodeOf({ status }: Decision): number {
  if (status === 401) return 4401;
  if (status === 429 || status === 503) return 1013;
  return status === 500 ? 1011 : 4403;
}

/**
 * The refusal of a message that the codec could not decode.
 *
 * @param error The error of the codec, for `onDecision` only.
 */
export function badMessage(reason = "The message could not be read.", error?: unknown): Decision {
  return createDecision("deny", "bad_message", { status: 400, reason, by: "codec", error });
}

/** The refusal of a handshake or request whose target has no path, or one that routers read in different ways. */
export const BAD_TARGET: Decision = createDecision("deny", "bad_target", {
  status: 400,
  reason: "The request target must be an encoded path, such as /rooms/7.",
  by: "guard",
});

/** The refusal of a message without an action. */
export const MISSING_ACTION: Decision = createDecision("deny", "missing_action", {
  status: 405,
  reason: "Unable to find action in message body.",
  by: "codec",
});

/** The refusal of a message for which the connection has no room. */
export const TOO_MANY_PENDING: Decision = createDecision("error", "too_many_pending", {
  status: 429,
  reason: "Too many messages are waiting on this connection.",
  retryAfter: 1,
  by: "limits",
});

/** The refusal of an allowed request whose frame is not delivered (424 Failed Dependency, RFC 4918, section 11.4). */
export const BATCH_REFUSED: Decision = createDecision("error", "batch_refused", {
  status: 424,
  reason: "Another request of the same frame was refused.",
  by: "guard",
});

/** The refusal of an allowed request whose frame is not delivered, although no request of it was refused. */
export const BATCH_STALE: Decision = createDecision("error", "batch_refused", {
  status: 503,
  reason: "The identity has changed; send it again.",
  by: "guard",
});

/** The refusal of a handshake while the guard is closing. */
export const GOING_AWAY: Decision = createDecision("error", "going_away", {
  status: 503,
  reason: "The server is closing.",
  by: "guard",
});
