import { isPermissionDenied } from "../decision/decision-from-error.js";
import { isSignedIn } from "../rules/user.js";
import type { Scope } from "../types.js";
import { isMisspelling } from "../util/misspelling.js";
import { printable } from "../util/printable.js";
import { partOf, textOf } from "../util/safe-read.js";
import { codecFor, list, nameOf } from "./codec-hint.js";
import { credentialsHint } from "./credentials-hint.js";
import { normalOrigin } from "./handshake/origin.js";
import type { Hint, Refused } from "./refused.js";

export const HINTS: readonly Hint[] = [
  originHint,
  missingActionHint,
  unknownActionHint,
  userHint,
  credentialsHint,
  thrownHint,
  rolesHint,
  codeHint,
  unansweredHint,
];

function originHint({ decision, scope }: Refused): string | undefined {
  if (decision.code !== "origin_not_allowed") return undefined;
  if (scope.origin === undefined) {
    const cookies = scope.headers?.cookie === undefined ? "" : "with cookies and ";
    return `a client ${cookies}without an Origin header was refused: add null to \`origins\` to accept such clients`;
  }
  const origin = printable(normalOrigin(scope.origin) ?? scope.origin);
  if (origin === "null") return "a page without an origin (sandboxed, or a file) was refused: serve it over HTTP";
  return `a page of ${origin} was refused: write \`origins: ["${origin}"]\`, or add it to your list, to accept it`;
}

function missingActionHint({ decision, payload = {} }: Refused): string | undefined {
  if (decision.code !== "missing_action") return undefined;
  const keys = Object.keys(payload).slice(0, 8);
  const has = keys.length === 0 ? "and no other key" : `and the keys ${list(keys)}`;
  return `a message has no action ${has}: ${codecFor(payload)}`;
}

function unknownActionHint({ decision, action, rules: { table } }: Refused): string | undefined {
  // A rule of the application may be called "actions" too.
  if (decision.by !== "actions" || action === "connect" || table?.has(action) !== false) return undefined;
  const names = [...table.keys()];
  const meant = names.filter((name) => isNear(action, name) || isNear(name, action)).slice(0, 3);
  const advice =
    meant.length > 0
      ? `did you mean ${list(meant)}?`
      : `the policy has ${list(names.slice(0, 8))}${names[8] ? " and others" : ""}`;
  return `the action "${nameOf(action)}" is not in the policy: ${advice}`;
}

/** True when a name is another one with a slip, or ends with it. */
function isNear(name: string, other: string): boolean {
  return isMisspelling(name, other) || name.endsWith(`.${other}`) || name.endsWith(`:${other}`);
}

/** The rules of this package that refuse a client because of its user. */
const READS_USER = /^(IsAuthenticated(OrReadOnly)?$|HasRole\()/;

function userHint({ decision, scope, authenticates, hasFoundUser }: Refused): string | undefined {
  const { user } = scope;
  if (decision.code !== "not_authenticated" || !READS_USER.test(decision.by) || isSignedIn(user)) return undefined;
  if (!authenticates) {
    return "a rule needs a user, and the guard has no `authenticate`: give it a function that returns { user }";
  }
  if (user === undefined) {
    return "authenticate() returned undefined as `user`: write { user: null } for nobody, and useExpress([...]) to get `request.user`, because no middleware of the HTTP server runs on a handshake";
  }
  if (user !== null && !("isAuthenticated" in Object(user))) {
    return "authenticate() returned a `user` that identifies nobody: give it an `id`, and write { user: null } for nobody";
  }
  if (user !== null || hasFoundUser) return undefined;
  const keys = Object.keys(scope).filter((key) => key !== "user");
  const found = keys.length > 0 ? `${list(keys)} and ` : "";
  return `authenticate() returned ${found}no \`user\`, which a rule reads: return { user: { ... } }, and { user: null } for nobody`;
}

function thrownHint({ decision: { by, status, error } }: Refused): string | undefined {
  // An error with a code is one of the system. A `TypeError` is a slip in the code.
  const isMeant = !(error instanceof TypeError) && partOf(error, "code") === undefined;
  if (by !== "authenticate" || status !== 500 || error === undefined || !isMeant) return undefined;
  const text = printable(textOf(partOf(error, "message")) ?? String(error));
  return `authenticate() has thrown "${text}", which is a fault (500): to refuse, return { user: null } or throw new PermissionDenied("not_authenticated")`;
}

/** Keys of a user that may hold roles. */
const ROLE_KEYS = ["role", "Roles", "groups", "permissions", "scopes"];

function rolesHint({ decision, scope }: Refused): string | undefined {
  const { user } = scope as Scope & { user?: object };
  if (!decision.by.startsWith("HasRole(") || !isSignedIn(user) || "roles" in user) return undefined;
  const key = ROLE_KEYS.find((name) => name in user);
  if (key === undefined && !("roles" in scope)) return undefined;
  const found = key === undefined ? "`roles` stands beside the user" : `a user has \`${key}\``;
  return `HasRole() reads \`scope.user.roles\`, and ${found}: return { user: { ..., roles: ["admin"] } }`;
}

function codeHint({ decision: { code, by, error } }: Refused): string | undefined {
  if (!/\s/.test(code)) return undefined;
  const text = printable(code);
  const call = isPermissionDenied(error) ? "new PermissionDenied" : "deny";
  return `\`${by}\` answered the code "${text}", and codes are for programs: write ${call}("a_code", { reason: "${text}" })`;
}

function unansweredHint({ action, unanswered = {} }: Refused): string | undefined {
  if (((unanswered as { id?: unknown }).id ?? undefined) === undefined) return undefined;
  return `a refusal of the action "${nameOf(action)}" was not sent, and the client gave an \`id\`: return a frame from denied()`;
}
