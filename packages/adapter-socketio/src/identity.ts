const KEYS = ["id", "_id", "pk", "sub", "uid", "userId", "user_id"];
const NAMES = ["username", "email"];

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
    const [key, value] = typeof user === "object" ? identityOf(user) : ["", user];
    const text = textOf(value);
    return text === undefined ? undefined : JSON.stringify([key, typeof value, text]);
  } catch {
    // A getter of the application's has thrown.
    return undefined;
  }
}

function identityOf(user: object): [key: string, value: unknown] {
  const given = user as Record<string, unknown>;
  const isThere = (key: string) => given[key] !== undefined && given[key] !== null && given[key] !== "";
  const key = KEYS.find(isThere) ?? NAMES.find(isThere) ?? "";
  return [key, given[key]];
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
