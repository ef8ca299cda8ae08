import { PermissionMisuse, show } from "./errors.js";
import { isThenable } from "./thenable.js";
import type { MaybePromise, StandardIssue, StandardResult, StandardSchema } from "./types.js";

/**
 * Runs a Standard Schema; a plain result stays plain.
 *
 * @returns The result, or a native promise of it where the schema answers later.
 * @throws Whatever the schema throws, and a `PermissionMisuse` where it answers something that is no result.
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

/** The issues of a schema as one sentence: `room: expected a string; text: too long`. */
export function describeIssues(issues: readonly StandardIssue[]): string {
  return issues
    .map(({ path, message }) => (path?.length ? `${path.map(keyOf).join(".")}: ${message}` : message))
    .join("; ");
}

/** The name of one part of a path. */
export function keyOf(part: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof part === "object" ? part.key : part);
}
