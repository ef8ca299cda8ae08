import { createDecision } from "../decision/decision.js";
import { decisionFromError } from "../decision/decision-from-error.js";
import type { Decision } from "../decision/decision-types.js";
import { misuse, PermissionMisuse } from "../decision/errors.js";
import { checkKeys } from "../decision/read-options.js";
import type { Identify, Identity } from "../guard/identity.js";
import type { Scope } from "../types.js";
import { show } from "../util/show.js";
import { ignoreRejection } from "../util/thenable.js";

/** The identity of a connection, checked. */
export interface ReadIdentity {
  readonly subjects: readonly string[];
  readonly expiresAt: number | undefined;
}

export const ANONYMOUS_IDENTITY: ReadIdentity = Object.freeze({ subjects: Object.freeze([]), expiresAt: undefined });

/** The refusal of a client whose identity has expired. */
export const TOKEN_EXPIRED: Decision = createDecision("deny", "token_expired", {
  status: 401,
  reason: "The credentials have expired.",
  by: "identity",
});

/** 1 January 2001, in milliseconds. An earlier end was given in seconds. */
const EARLIEST_END = 978_307_200_000;
/** The end of the year 9999. A later end was given in microseconds, or stands for none. */
const LATEST_END = 253_402_300_799_999;

/** True for an identity whose end has passed. */
export function hasEnded({ expiresAt }: ReadIdentity): boolean {
  return expiresAt !== undefined && expiresAt <= Date.now();
}

/**
 * Reads the identity of a scope. Never throws.
 *
 * @returns The identity, or the decision that refuses: the identity has expired, or `identify` has failed.
 */
export function identityOf(identify: Identify, scope: Scope): ReadIdentity | Decision {
  try {
    const identity = readIdentity(identify(scope));
    return hasEnded(identity) ? TOKEN_EXPIRED : identity;
  } catch (error) {
    return decisionFromError(error, "identify");
  }
}

function readIdentity(value: unknown): ReadIdentity {
  if (ignoreRejection(value)) throw new PermissionMisuse("identify() returned a promise: it must answer at once");
  if (!value) return ANONYMOUS_IDENTITY;
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new PermissionMisuse(
      `identify() returned ${show(value)}: return { subjects: ["user:42"], expiresAt }, or nothing for an anonymous client`,
    );
  }
  // A name with a slip would give an identity that never ends, or that no revocation addresses.
  checkKeys("the result of identify()", value, ["subjects", "expiresAt"]);
  const { subjects = [], expiresAt } = value as Identity;
  return { subjects: readSubjects(subjects, Object.hasOwn(value, "subjects")), expiresAt: readEnd(expiresAt) };
}

function readSubjects(subjects: readonly string[], isGiven: boolean): readonly string[] {
  const isList = Array.isArray(subjects) && (subjects.length > 0 || !isGiven);
  // Copied first, because `every` skips the holes of a list.
  const names: unknown[] = isList ? [...subjects] : [];
  for (const name of names) checkSubject("`subjects` of identify()", name);
  if (isList) return names as string[];
  throw new PermissionMisuse(
    `identify() returned ${show(subjects)} as \`subjects\`: give names, as in ["user:42"], or leave \`subjects\` out for a guest`,
  );
}

/** A name that was made of a value that was missing, as in `user:${user.id}` without an id. An id may end with `/`. */
const MISSING = /(?:^|[:/.])(?:undefined|null|NaN|\[object \w+\])$|^(?:[^:]*:)?$/;
/** Characters of the longest name. Every process keeps it with the record. */
const LONGEST_NAME = 1_024;

/**
 * Asserts that a name of at most 1,024 characters addresses somebody, and that every log stores it as it is. Postgres takes
 * no NUL, and UTF-8 has no lone surrogates. A name like `user:undefined` would address all users without an id.
 *
 * @throws {PermissionMisuse} When it does not. The message says why.
 */
export function checkSubject(caller: string, value: unknown, role?: string): asserts value is string {
  const fault = faultOf(value);
  if (fault !== undefined) throw misuse(caller, value, `name a subject, as in "user:42"${fault}`, role);
}

/** True for a text that `revoke()` and `refresh()` take as a subject. */
export function isSubject(value: unknown): value is string {
  return faultOf(value) === undefined;
}

function faultOf(value: unknown): string | undefined {
  if (typeof value !== "string") return "";
  if (value.length > LONGEST_NAME) return `, with at most ${LONGEST_NAME} characters`;
  if (MISSING.test(value)) return ", with an id";
  return /[\0\p{Surrogate}]/u.test(value) ? ", without NUL and lone surrogates" : undefined;
}

function readEnd(expiresAt: unknown): number | undefined {
  if (expiresAt === undefined) return undefined;
  if (typeof expiresAt === "number" && expiresAt >= EARLIEST_END && expiresAt <= LATEST_END) return expiresAt;
  throw new PermissionMisuse(
    `identify() returned ${show(expiresAt)} as \`expiresAt\`: give milliseconds since 1970, as in exp * 1000, or undefined`,
  );
}
