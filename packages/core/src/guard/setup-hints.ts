import type { Decision } from "../decision/decision-types.js";
import type { Rules } from "../policy/compiled-rules.js";
import { isSignedIn } from "../rules/user.js";
import type { Payload, Scope } from "../types.js";
import { isMisspelling } from "../util/misspelling.js";
import { printable } from "../util/printable.js";
import { normalOrigin } from "./handshake/origin.js";

/** A refusal, as a decision log gets it. */
export interface RefusalReport {
  readonly decision: Decision;
  readonly action: string;
  readonly scope: Scope;
  /** The payload of a message that the codec could not read as a request. */
  readonly payload?: Payload;
  /** The request as the codec returned it, when no answer to it was sent. */
  readonly unanswered?: object;
}

/** The facts that a hint is made of. */
interface Refused extends RefusalReport {
  readonly rules: Rules;
  /** True when the guard has the option `authenticate`. */
  readonly authenticates: boolean;
}

/** Explains a refusal that points at a mistake in the setup; `undefined` for all others. */
type Hint = (refused: Refused) => string | undefined;

const HINTS: readonly Hint[] = [
  originHint,
  missingActionHint,
  unknownActionHint,
  userHint,
  rolesHint,
  codeHint,
  unansweredHint,
];

/**
 * Prints hints for developers: refusals that point at a mistake in the setup of a guard, each kind once. Texts of a
 * client are shortened, and control characters in them are replaced.
 */
export class SetupHints {
  readonly #kinds = new Set(HINTS);
  readonly #authenticates: boolean;

  /** @param authenticates True when the guard has the option `authenticate`. */
  constructor(authenticates: boolean) {
    this.#authenticates = authenticates;
  }

  /** Prints the hint for a refusal, if there is one. Never throws, whatever a user object does when it is read. */
  tell(report: RefusalReport, rules: Rules): void {
    for (const kind of this.#kinds) {
      const told = hintOf(kind, { ...report, rules, authenticates: this.#authenticates });
      if (told === undefined) continue;
      this.#kinds.delete(kind);
      const hint = told.endsWith("?") ? told : `${told}.`;
      console.warn(`portcullis: ${hint} This is printed once; \`hints: false\` turns it off.`);
    }
  }
}

/**
 * True when hints are printed by default: `NODE_ENV` is neither `production` nor `test`. Runtimes without `process` count
 * as production. So does Deno, where reading the environment may ask for a permission.
 */
export function isDevelopment(): boolean {
  const { process, Deno } = globalThis as { process?: { env?: Record<string, string> }; Deno?: unknown };
  const env = Deno === undefined ? process?.env : undefined;
  return env !== undefined && env.NODE_ENV !== "production" && env.NODE_ENV !== "test";
}

function hintOf(kind: Hint, refused: Refused): string | undefined {
  try {
    return kind(refused);
  } catch {
    return undefined;
  }
}

function originHint({ decision, scope }: Refused): string | undefined {
  if (decision.code !== "origin_not_allowed") return undefined;
  if (scope.origin === undefined) {
    return "a client with cookies and without an Origin header was refused: add null to `origins` to accept such clients";
  }
  const origin = printable(normalOrigin(scope.origin) ?? scope.origin);
  if (origin === "null") return "a page without an origin (sandboxed, or a file) was refused: serve it over HTTP";
  return `a page of ${origin} was refused: write \`origins: ["${origin}"]\` to accept it`;
}

/** Keys that name the action in other formats. */
const ACTION_KEYS = ["action", "type", "event", "cmd", "command", "method", "op", "kind", "name"];

function missingActionHint({ decision, payload = {} }: Refused): string | undefined {
  if (decision.code !== "missing_action") return undefined;
  const keys = Object.keys(payload).slice(0, 8);
  const has = keys.length === 0 ? "and no other key" : `and the keys ${list(keys)}`;
  return `a message has no action ${has}: ${codecFor(keys)}`;
}

function codecFor(keys: readonly string[]): string {
  if (keys.includes("jsonrpc")) return "use `codec: jsonRpc()`";
  if (keys.includes("stream") && keys.includes("payload")) return "use `codec: dcrf({ multiplex: true })`";
  const key = ACTION_KEYS.find((name) => keys.includes(name));
  if (key === "type") return "use `codec: json()`";
  return `use \`codec: json({ action: "${key ?? "..."}" })\` with the key that names the action`;
}

function unknownActionHint({ decision, action, rules }: Refused): string | undefined {
  if (decision.by !== "actions") return undefined;
  const names = [...(rules.table?.keys() ?? [])];
  const meant = names.filter((name) => isNear(action, name) || isNear(name, action)).slice(0, 3);
  const advice = meant.length > 0 ? `did you mean ${list(meant)}?` : `the policy has ${list(names.slice(0, 8))}`;
  return `the action "${printable(action)}" is not in the policy: ${advice}`;
}

/** True when a name is another one with a slip, or ends with it. */
function isNear(name: string, other: string): boolean {
  return isMisspelling(name, other) || name.endsWith(`.${other}`) || name.endsWith(`:${other}`);
}

/** Keys that a user has, and a scope beside its user seldom. */
const USER_KEYS = ["id", "_id", "pk", "sub", "uid", "userId", "user_id", "username", "email", "name", "roles", "role"];

function userHint({ decision, scope, authenticates }: Refused): string | undefined {
  const { user } = scope;
  // A rule of the application may refuse a signed-in user with the same code, for example after a logout.
  if (decision.code !== "not_authenticated" || isSignedIn(user)) return undefined;
  if (!authenticates) {
    return "a rule needs a user, and the guard has no `authenticate`: give it a function that returns { user }";
  }
  if (user !== null && !("isAuthenticated" in Object(user))) {
    return "authenticate() returned a `user` that identifies nobody: give it an `id`, and write { user: null } for nobody";
  }
  const keys = Object.keys(scope).filter((key) => key !== "user");
  if (user !== null || !keys.some((key) => USER_KEYS.includes(key))) return undefined;
  return `authenticate() returned ${list(keys)} and no \`user\`, which a rule reads: return { user: { ... } }`;
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

function codeHint({ decision: { code, by } }: Refused): string | undefined {
  if (!/\s/.test(code)) return undefined;
  const text = printable(code);
  return `\`${by}\` answered the code "${text}", and codes are for programs: write deny("a_code", { reason: "${text}" })`;
}

function unansweredHint({ action, unanswered = {} }: Refused): string | undefined {
  if (((unanswered as { id?: unknown }).id ?? undefined) === undefined) return undefined;
  return `a refusal of the action "${printable(action)}" was not sent, and the client gave an \`id\`: return a frame from denied()`;
}

function list(names: readonly string[]): string {
  return names.map((name) => `\`${printable(name)}\``).join(", ");
}
