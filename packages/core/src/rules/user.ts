import { isThenable } from "../util/thenable.js";

/** The properties that identify a user, in order of preference. */
export const IDENTIFYING = ["id", "_id", "pk", "sub", "uid", "userId", "user_id", "username", "email"] as const;

/** The property that identifies a user. */
export interface Identity {
  readonly key: (typeof IDENTIFYING)[number];
  readonly value: unknown;
}

type Named = Readonly<Record<(typeof IDENTIFYING)[number] | "isAuthenticated", unknown>>;

/** Tags of built-in objects that are not iterable. Tags are the same in every realm. */
const BUILT_IN =
  /^\[object (Error|DOMException|Date|RegExp|Number|Boolean|BigInt|Symbol|Weak(Map|Set|Ref)|(Shared)?ArrayBuffer|DataView)\]$/;

/**
 * True when the user of a scope counts as signed in.
 *
 * @throws The error of a getter or a proxy of the user. The rule is then at fault, which `not` does not negate.
 */
export function isSignedIn(user: unknown): user is NonNullable<unknown> {
  if (typeof user !== "object" || user === null) return false;
  if ("isAuthenticated" in user && (user as Named).isAuthenticated !== true) return false;
  return !isBlankIn(user as Named) && !isNoUser(user) && (isIdentified(user) || isNamed(user as Named));
}

/**
 * Returns the first of {@link IDENTIFYING} that a signed-in user has.
 *
 * @returns `undefined` when the user is not signed in, or has none of these properties. Never throws.
 */
export function identityOf(user: unknown): Identity | undefined {
  try {
    if (!isSignedIn(user)) return undefined;
    const key = IDENTIFYING.find((name) => name in user);
    return key && { key, value: (user as Named)[key] };
  } catch {
    return undefined;
  }
}

/**
 * True when a property that identifies by itself is present and blank. Written out, because a loop takes ten times as
 * long on this hot path.
 */
function isBlankIn(user: Named): boolean {
  return (
    ("id" in user && isBlank(user.id)) ||
    ("_id" in user && isBlank(user._id)) ||
    ("pk" in user && isBlank(user.pk)) ||
    ("sub" in user && isBlank(user.sub)) ||
    ("uid" in user && isBlank(user.uid)) ||
    ("userId" in user && isBlank(user.userId)) ||
    ("user_id" in user && isBlank(user.user_id))
  );
}

function isIdentified(user: object): boolean {
  return (
    "id" in user ||
    "sub" in user ||
    "_id" in user ||
    "uid" in user ||
    "pk" in user ||
    "userId" in user ||
    "user_id" in user
  );
}

/** True when a user without such a property may still be signed in. */
function isNamed(user: Named): boolean {
  if (("username" in user && isBlank(user.username)) || ("email" in user && isBlank(user.email))) return false;
  const prototype: object | null = Object.getPrototypeOf(user);
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  // An instance of a class may keep its state in private fields.
  return !isPlain || Object.keys(user).length > 0;
}

/** True for a value that identifies nobody: `undefined`, `null`, `""`, `false`, `NaN`, or a promise. */
function isBlank(value: unknown): boolean {
  return value ? isThenable(value) : value !== 0 && value !== 0n;
}

/** True for an object that cannot be a user, regardless of its properties. */
function isNoUser(user: object): boolean {
  // Iterable objects are collections, also those of libraries.
  if (Array.isArray(user) || Symbol.iterator in user || isThenable(user)) return true;
  // Most users are plain objects, and reading the tag takes three times as long as all other checks.
  if (Object.getPrototypeOf(user) === Object.prototype) return false;
  return user instanceof Error || BUILT_IN.test(Object.prototype.toString.call(user));
}
