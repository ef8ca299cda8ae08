import { createDecision } from "../decision/decision.js";
import { describeIssues, issuesOf } from "../decision/decision-parts.js";
import type { Decision } from "../decision/decision-types.js";
import { PermissionMisuse } from "../decision/errors.js";
import type { MaybePromise, StandardResult, StandardSchema } from "../types.js";
import { show } from "../util/show.js";
import { isThenable } from "../util/thenable.js";

/**
 * Runs a Standard Schema. A synchronous result stays synchronous.
 *
 * @returns The result, or a native promise of it when the schema is asynchronous.
 * @throws The error of the schema, or a `PermissionMisuse` when it returns something that is no result.
 */
export function validate<T>(
  schema: StandardSchema<unknown, T>,
  value: unknown,
): StandardResult<T> | Promise<StandardResult<T>> {
  const result: MaybePromise<StandardResult<T>> = schema["~standard"].validate(value);
  return isThenable(result) ? Promise.resolve(result).then(checked<T>) : checked(result);
}

function checked<T>(result: unknown): StandardResult<T> {
  if (typeof result === "object" && result !== null && ("value" in result || "issues" in result))
    return result as StandardResult<T>;
  throw new PermissionMisuse(`a schema answered ${show(result)}: it must answer { value } or { issues }`);
}

/** The refusal of a payload that does not match a schema. */
export function invalidInput(outcome: "deny" | "error", found: unknown): Decision {
  const issues = issuesOf(found) ?? [];
  const reason = describeIssues(issues) || "The payload does not fit.";
  return createDecision(outcome, "invalid_input", { status: 400, reason, issues });
}
