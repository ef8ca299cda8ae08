import type { MaybePromise, StandardIssue, StandardResult, StandardSchema } from "./types.js";

/**
 * Runs a Standard Schema; a plain result stays plain.
 *
 * @returns The result, or a native promise of it where the schema answers later.
 * @throws Whatever the schema throws.
 */
export function validate<T>(
  schema: StandardSchema<unknown, T>,
  value: unknown,
): StandardResult<T> | Promise<StandardResult<T>> {
  const result: MaybePromise<StandardResult<T>> = schema["~standard"].validate(value);
  return "then" in result && typeof result.then === "function"
    ? Promise.resolve(result)
    : (result as StandardResult<T>);
}

/** The issues of a schema as one sentence: `room: expected a string; text: too long`. */
export function describeIssues(issues: readonly StandardIssue[]): string {
  return issues
    .map(({ path, message }) => (path?.length ? `${path.map(keyOf).join(".")}: ${message}` : message))
    .join("; ");
}

function keyOf(part: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof part === "object" ? part.key : part);
}
