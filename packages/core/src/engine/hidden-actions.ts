import { decision } from "../decision/decision.js";
import type { Decision } from "../decision/decision-types.js";
import { isSignedIn } from "../rules/user.js";
import { preparing } from "./program.js";

/**
 * What `unknownAction: "deny"` keeps from a client: which actions there are. Most rules ask for a user, so a client without
 * one is answered as `IsAuthenticated` answers it, also where its payload would be refused before the rule is asked.
 */
const DENIED = decision("deny", "permission_denied", { by: "actions" });
const NOT_AUTHENTICATED = decision("deny", "not_authenticated", { by: "actions" });

/** What an action that is in no table meets. */
export const hiddenActions = () => preparing("actions", ({ scope }) => (hasUser(scope) ? DENIED : NOT_AUTHENTICATED));

/** What is told of a refusal: that a payload does not fit says that there is such an action. */
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
