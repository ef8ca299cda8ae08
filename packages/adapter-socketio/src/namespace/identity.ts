import type { Scope } from "@portcullis/core";
import { identityOf } from "@portcullis/core/internal";

/**
 * The principal of a session, as a text that can be stored: the name of the guard and the identity of `scope.user`. If
 * `authenticate` added other properties to the scope and no user, the principal is unknown. Never throws.
 *
 * @param guard The name of the guard. Equal ids of two guards are different principals.
 * @returns `undefined` when the principal is unknown.
 */
export function principalOf(guard: string, scope: Scope): string | undefined {
  const { user } = scope;
  const isNobody = user === undefined || user === null;
  if (isNobody && Object.keys(scope).some((key) => key !== "user")) return undefined;
  const text = isNobody ? "anonymous" : textOfUser(user);
  return text && JSON.stringify([guard, text]);
}

/**
 * The identity of a user: the first identifying key that has a value which is not blank. A name counts only without
 * such a key. `undefined` when there is none, because two such users are never the same.
 */
function textOfUser(user: unknown): string | undefined {
  try {
    const known = typeof user === "object" ? identityOf(user) : { key: "", value: user };
    const text = textOf(known?.value);
    return known && text !== undefined ? JSON.stringify([known.key, typeof known.value, text]) : undefined;
  } catch {
    // A getter of the application has thrown.
    return undefined;
  }
}

/** A text that identifies one value. Among objects only the ids of MongoDB have one. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value.trim() === "" ? undefined : value;
  if (typeof value === "bigint" || Number.isFinite(value)) return String(value);
  const { toHexString } = Object(value) as { toHexString?: unknown };
  if (typeof toHexString !== "function") return undefined;
  const text: unknown = toHexString.call(value);
  return typeof text === "string" && text !== "" ? text : undefined;
}
