import { identityOf } from "@portcullis/core/adapter";

/**
 * Says who a user is, as a text that can be kept: what the first identifying key says that is there and not blank, and a
 * name only where there is none of these.
 *
 * Never throws.
 *
 * @returns `undefined` where that cannot be said: two such users are never the same. Nobody signed in is somebody known.
 */
export function principalOf(user: unknown): string | undefined {
  if (user === undefined || user === null) return "anonymous";
  try {
    const known = typeof user === "object" ? identityOf(user) : { key: "", value: user };
    const text = textOf(known?.value);
    return known && text !== undefined ? JSON.stringify([known.key, typeof known.value, text]) : undefined;
  } catch {
    // A getter of the application's has thrown.
    return undefined;
  }
}

/** What only one value is written as. Of an object that is not so, but of the ids of MongoDB. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value.trim() === "" ? undefined : value;
  if (typeof value === "bigint" || Number.isFinite(value)) return String(value);
  const { toHexString } = Object(value) as { toHexString?: unknown };
  if (typeof toHexString !== "function") return undefined;
  const text: unknown = toHexString.call(value);
  return typeof text === "string" && text !== "" ? text : undefined;
}
