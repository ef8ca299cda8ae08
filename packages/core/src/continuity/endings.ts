import { createDecision } from "../decision/decision.js";
import type { Decision } from "../decision/decision-types.js";

/** The end of a connection whose subject was revoked. A client may come back with new credentials. */
export const REVOKED: Decision = createDecision("deny", "revoked", {
  status: 401,
  reason: "The access was revoked.",
  by: "revocation",
});

/** The end of a connection that could not be authenticated again in time. */
export const NOT_REVALIDATED: Decision = createDecision("error", "not_revalidated", {
  status: 503,
  reason: "The authorization could not be checked again in time.",
  by: "continuity",
});
