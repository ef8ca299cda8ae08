import { refuses } from "./combine.js";
import { type Decision, decision, decisionIn, invalidVerdict } from "./decision.js";
import { PermissionMisuse } from "./errors.js";

/** There is no such object. */
export const NOT_FOUND = decision("deny", "not_found", { status: 404, reason: "Not found.", by: "object" });

/**
 * Reads what a loader of an object returned: nothing is a 404, a returned `deny()` or `fault()` is that refusal. Another
 * decision, `true`, `false` or an error is none: it would be asked about as if it were the object.
 */
export function readLoaded(found: unknown): Decision | { readonly object: unknown } {
  if (found === undefined || found === null) return NOT_FOUND;
  const said = decisionIn(found);
  if (said !== undefined) return refuses(said) ? said : invalidVerdict(found, "object");
  if (typeof found !== "boolean" && !(found instanceof Error)) return { object: found };
  const error = new PermissionMisuse(
    `the loader of an object returned ${typeof found === "boolean" ? found : "an error"}: return the object, undefined where there is none, or deny() or fault() to refuse`,
  );
  return decision("error", "permission_error", { by: "object", error });
}
