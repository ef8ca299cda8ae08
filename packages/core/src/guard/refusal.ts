import { decision } from "../decision/decision.js";
import type { Decision } from "../decision/decision-types.js";

/**
 * The close code (RFC 6455, section 7.4.2: 4000 to 4999 are private) that says the same as a refusal:
 * 401 is 4401, 429 and 503 are 1013, 500 is 1011, all else is 4403.
 */
export function closeCodeOf({ status }: Decision): number {
  if (status === 401) return 4401;
  if (status === 429 || status === 503) return 1013;
  return status === 500 ? 1011 : 4403;
}

/**
 * The codec could not decode a message.
 *
 * @param error What a codec has thrown; for `onDecision` alone.
 */
export function badMessage(reason = "The message could not be read.", error?: unknown): Decision {
  return decision("deny", "bad_message", { status: 400, reason, by: "codec", error });
}

/** What a handshake or a request asks for is no URL: nothing can be decided about its path. */
export const BAD_TARGET: Decision = decision("deny", "bad_target", {
  status: 400,
  reason: "The request target could not be read.",
  by: "guard",
});

/** The codec found no action in a message. */
export const MISSING_ACTION: Decision = decision("deny", "missing_action", {
  status: 405,
  reason: "Unable to find action in message body.",
  by: "codec",
});

/** More messages wait on the connection than may. */
export const TOO_MANY_PENDING: Decision = decision("error", "too_many_pending", {
  status: 429,
  reason: "Too many messages are waiting on this connection.",
  retryAfter: 1,
  by: "limits",
});

/** The server is about to close. */
export const GOING_AWAY: Decision = decision("error", "going_away", {
  status: 503,
  reason: "The server is closing.",
  by: "guard",
});
