import { createDecision } from "../decision/decision.js";
import type { Decision } from "../decision/decision-types.js";
import { isSignedIn } from "../rules/user.js";
import { preparing } from "./program.js";

/**
 * The decisions of `unknownAction: "deny"`, which hides the names of the actions. Most rules need a user, so a client
 * without one gets the answer of `IsAuthenticated`, also instead of the refusal of its payload.
 */
const DENIED = createDecision("deny", "permission_denied", { by: "actions" });
const NOT_AUTHENTICATED = createDecision("deny", "not_authenticated", { by: "actions" });

/** The program for actions that are not in the table. */
export const hiddenActions = () => preparing("actions", ({ scope }) => (hasUser(scope) ? DENIED : NOT_AUTHENTICATED));

/** Replaces the refusal of an invalid payload, because it would reveal that the action exists. */
export function hidden(decision: Decision, scope: unknown): Decision {
  if (decision.code !== "invalid_input" || hasUser(scope)) return decision;
  return createDecision("deny", NOT_AUTHENTICATED.code, { by: decision.by, causes: [decision] });
}

export function hasUser(scope: unknown): boolean {
  try {
    return isSignedIn((scope as { user?: unknown }).user);
  } catch {
    return false;
  }
}
