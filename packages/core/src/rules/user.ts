import { isThenable } from "../util/thenable.js";

/** The properties that say who a user is, the most telling first. */
export const IDENTIFYING = ["id", "_id", "pk", "sub", "uid", "userId", "user_id", "username", "email"] as const;

/** What says who a user is. */
export interface Identity {
  readonly key: (typeof IDENTIFYING)[number];
  readonly value: unknown;
}

type Named = Readonly<Record<(typeof IDENTIFYING)[number] | "isAuthenticated", unknown>>;

/** Kinds of built-in objects that cannot be iterated, also of another realm. */
const BUILT_IN =
  /^\[object (Error|DOMException|Date|RegExp|Number|Boolean|BigInt|Symbol|Weak(Map|Set|Ref)|(Shared)?ArrayBuffer|DataView)\]$/;

/**
 * Tells whether a user of a scope counts as signed in.
 *
 * @throws What a getter or a proxy of the user throws: a rule is then at fault, which `not` does not turn round.
 */
export function isSignedIn(user: unknown): user is NonNullable<unknown> {
  if (typeof user !== "object" || user === null) return false;
  if ("isAuthenticated" in user && (user as Named).isAuthenticated !== true) return false;
  return !isBlankIn(user as Named) && !isNoUser(user) && (isIdentified(user) || isNamed(user as Named));
}

/**
 * What says who a user is: the first of {@link IDENTIFYING} that it has.
 *
 * @returns Undefined where nobody is signed in, or nothing says who it is. Never throws.
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

/** Whether one of those that identify alone is there and blank. On the hot path: a loop takes ten times as long. */
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

/** Whether it may be somebody though it has none of those. */
function isNamed(user: Named): boolean {
  if (("username" in user && isBlank(user.username)) || ("email" in user && isBlank(user.email))) return false;
  const prototype: object | null = Object.getPrototypeOf(user);
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  // An instance of a class may keep all it knows in private fields.
  return !isPlain || Object.keys(user).length > 0;
}

/** All that is nobody's name: `undefined`, `null`, `""`, `false`, `NaN`, and a promise of one. */
function isBlank(value: unknown): boolean {
  return value ? isThenable(value) : value !== 0 && value !== 0n;
}

/** Whether it is an object that stands for nobody, whatever its properties are. */
function isNoUser(user: object): boolean {
  // Whatever can be iterated is a collection, also one of a library.
  if (Array.isArray(user) || Symbol.iterator in user || isThenable(user)) return true;
  // Most users are plain objects: the tag takes three times as long as all else.
  if (Object.getPrototypeOf(user) === Object.prototype) return false;
  return user instanceof Error || BUILT_IN.test(Object.prototype.toString.call(user));
}
