import { createDecision, decisionIn } from "../decision/decision.js";
import type { Decision } from "../decision/decision-types.js";
import { PermissionMisuse } from "../decision/errors.js";
import { show } from "../util/show.js";
import { ignoreRejection } from "../util/thenable.js";
import { named, refuses } from "./combine.js";

export const NOT_FOUND = createDecision("deny", "not_found", { status: 404, reason: "Not found.", by: "object" });

/**
 * Reads the object of an action. `undefined` and `null` are refused with `not_found`. A `deny()` or a `fault()` is the
 * refusal itself. A promise, any other decision, a boolean and an error are faults, because rules would judge them
 * instead of an object. So are `0`, `""` and `NaN`, which are no objects. Never throws.
 */
export function readLoaded(found: unknown): { readonly object: unknown } | Decision {
  if (found === undefined || found === null) return NOT_FOUND;
  const decision = decisionIn(found);
  if (decision && refuses(decision)) return named(decision, "object");
  const advice = decision ? "give the object itself" : adviceFor(found);
  if (advice === undefined) return { object: found };
  const error = new PermissionMisuse(`the object of an action is ${decision ? "a decision" : show(found)}: ${advice}`);
  return createDecision("error", "permission_error", { by: "object", error });
}

function adviceFor(found: unknown): string | undefined {
  if (typeof found === "boolean" || !found) return "give the object itself, and nothing where there is none";
  if (ignoreRejection(found)) return "await it where it is a promise, as in { object: await find(id) }";
  return isError(found) ? "throw it, or give nothing where there is no object" : undefined;
}

function isError(found: unknown): boolean {
  try {
    return found instanceof Error;
  } catch {
    return false;
  }
}
