import { decision } from "../decision/decision.js";
import type { Decision } from "../decision/decision-types.js";
import { isSignedIn } from "../rules/user.js";
import { preparing } from "./program.js";

/**
 * The decisions of `unknownAction: "deny"`, which hides the names of the actions. Most rules need a user, so a client
 * without one gets the answer of `IsAuthenticated`, also instead of the refusal of its payload.
 */
const DENIED = decision("deny", "permission_denied", { by: "actions" });
const NOT_AUTHENTICATED = decision("deny", "not_authenticated", { by: "actions" });

/** The program for actions that are not in the table. */
export const hiddenActions = () => preparing("actions", ({ scope }) => (hasUser(scope) ? DENIED : NOT_AUTHENTICATED));

/** Replaces the refusal of an invalid payload, because it would reveal that the action exists. */
export function hidden(made: Decision, scope: unknown): Decision {
  if (made.code !== "invalid_input" || hasUser(scope)) return made;
  return decision("deny", NOT_AUTHENTICATED.code, { by: made.by, causes: [made] });
}

function hasUser(scope: unknown): boolean {
  try {
    return isSignedIn((scope as { user?: unknown }).user);
  } catch {
    return false;
  }
}
