import type { Scope } from "@portcullis/core";
import { identityOf } from "@portcullis/core/internal";

/**
 * Says who is behind a session, as a text that can be kept: by which guard, and who `scope.user` is. Where `authenticate`
 * has put others into the scope, and no user, that is not known.
 *
 * Never throws.
 *
 * @param guard The name of the guard: what two of them call 1 is not the same.
 * @returns `undefined` where it cannot be said.
 */
export function principalOf(guard: string, scope: Scope): string | undefined {
  const { user } = scope;
  const isNobody = user === undefined || user === null;
  if (isNobody && Object.keys(scope).some((key) => key !== "user")) return undefined;
  const text = isNobody ? "anonymous" : textOfUser(user);
  return text && JSON.stringify([guard, text]);
}

/**
 * Says who a user is: what the first identifying key says that is there and not blank, and a name only where there is
 * none of these. `undefined` where that cannot be said: two such users are never the same.
 */
function textOfUser(user: unknown): string | undefined {
  try {
    const known = typeof user === "object" ? identityOf(user) : { key: "", value: user };
    const text = textOf(known?.value);
    return known && text !== undefined ? JSON.stringify([known.key, typeof known.value, text]) : undefined;
  } catch {
    // A getter of the application's has thrown.
    return undefined;
  }
}

/** A text that stands for one value alone. Of objects only the ids of MongoDB have one. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value.trim() === "" ? undefined : value;
  if (typeof value === "bigint" || Number.isFinite(value)) return String(value);
  const { toHexString } = Object(value) as { toHexString?: unknown };
  if (typeof toHexString !== "function") return undefined;
  const text: unknown = toHexString.call(value);
  return typeof text === "string" && text !== "" ? text : undefined;
}
