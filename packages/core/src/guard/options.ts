import { PermissionMisuse } from "../decision/errors.js";
import { checkChoice, checkKeys, readMilliseconds } from "../decision/read-options.js";
import type { Timeouts } from "../policy/options.js";
import { PHASES } from "../rules/tree.js";
import type { MaybePromise, Scope } from "../types.js";
import { show } from "../util/show.js";
import type { Continuity, OnScope } from "./continuity-hook.js";
import type { DecisionEvent } from "./decision-log.js";
import type { Origins } from "./handshake/allowed-origins.js";
import type { HandshakeFacts } from "./handshake/handshake-facts.js";
import type { Identify } from "./identity.js";
import type { Limits } from "./limits.js";
import type { Authenticate, LaterScope } from "./types.js";

/**
 * Options common to all adapters. `Request` is the argument of `authenticate`, the handshake of the transport. `Base` is
 * the scope that every handshake has.
 */
export interface GuardOptions<Request, Extra = unknown, Base = Scope> {
  /**
   * Authenticates a client, from the handshake of the transport or from its facts `{ path, query, headers, cookies, origin,
   * remoteAddress, request, signal }`. Returns the properties to add to the scope (`{ user, ... }`), or nothing for an anonymous
   * client. May be async; a promise among the returned values is a fault. A thrown `PermissionDenied` refuses, with 401
   * by default; one with a fault as its `cause` is that fault. Errors of http-errors with status 401 or 403 refuse too, and
   * token errors of jsonwebtoken and jose (401). Any other throw is a fault (500).
   */
  authenticate?: Authenticate<[request: Request, facts: HandshakeFacts], Extra>;
  /**
   * The origins to accept: a list of strings and regular expressions, a function, or `"*"`. Default: the same origin,
   * and clients that send neither an Origin header nor cookies. `null` in a list stands for clients without an Origin
   * header. These are non-browser clients, and browsers that poll their own origin without `Sec-Fetch-Site`. Old
   * browsers do so, and all browsers over plain HTTP to another machine.
   */
  origins?: Origins;
  /** Deadlines of the phases in milliseconds. Default: those of the policy, otherwise 5,000 each. */
  timeout?: Timeouts;
  limits?: Limits;
  /**
   * Called with every decision about a connection, a message or an object, and with every error of a handler. Errors of
   * the listener are printed and change nothing. Without it, the guard prints the causes of faults with a status from
   * 500 on, timeouts, mistakes of the developer, and the reasons of refused tokens, at most one line for each rule in a
   * minute.
   */
  onDecision?: (event: DecisionEvent) => MaybePromise<void>;
  /** Records the answers of the evaluated rules, for `onDecision`. */
  trace?: boolean;
  /**
   * Prints hints for developers with `console.warn`: refusals that point at a mistake in the setup, such as an origin
   * that is not listed, each kind once; a second after the start, what `audit()` finds. Default: true, unless `NODE_ENV` is `production` or `test`. Runtimes without
   * `process`, and Deno, print none by default.
   */
  hints?: boolean;
  /**
   * Keeps the authorization of open connections true: expiry, renewal, revalidation and revocation. Give what
   * `continuity()` of `@portcullis/core/continuity` returned, and `identify`. Default: a connection is authenticated once.
   */
  continuity?: Continuity;
  /**
   * Reads the identity from the scope, for `continuity`. Called after each authentication. Answers at once:
   * `{ subjects, expiresAt }`, `{ expiresAt }` for a guest, or nothing for an anonymous client. Write it behind
   * `authenticate`, from which TypeScript infers the scope.
   */
  identify?: Identify<LaterScope<NoInfer<Extra>, Base>>;
  /**
   * Called after `continuity` has replaced the scope of a connection, for example to leave rooms that went with a lost
   * right. Errors are reported to `onDecision`, and change nothing. It may call `session.refresh()` under a condition
   * only, because each refresh ends in `onScope` again.
   */
  onScope?: OnScope<LaterScope<NoInfer<Extra>, Base>>;
}

/**
 * The options that `replace` of a guard takes. `Extra` is the result of the first `authenticate`: sessions that are open
 * keep their scope, so a new `authenticate` returns the same type.
 */
export interface ReplaceOptions<Request, Extra = unknown>
  extends Pick<
    GuardOptions<Request, Extra>,
    "authenticate" | "origins" | "timeout" | "onDecision" | "trace" | "hints"
  > {}

/** The names of the options common to all adapters. */
export const COMMON_OPTIONS: readonly string[] = [
  "authenticate",
  "origins",
  "timeout",
  "limits",
  "onDecision",
  "trace",
  "hints",
  "continuity",
  "identify",
  "onScope",
];

/** Common options on which open connections rely. */
const FIXED = ["limits", "continuity", "identify", "onScope"];

/** The names of {@link ReplaceOptions}. */
const REPLACEABLE = COMMON_OPTIONS.filter((name) => !FIXED.includes(name));

/**
 * Merges the options of `replace` into those in force. One that is `undefined` changes nothing.
 *
 * @param ownOptions The names of the options of the adapter, which stay.
 * @throws {PermissionMisuse} When an option is unknown, of the wrong type, or cannot change while connections are open.
 */
export function mergeOptions<Request>(
  present: GuardOptions<Request>,
  changes: ReplaceOptions<Request>,
  ownOptions: readonly string[],
): GuardOptions<Request> {
  const fixed = Object.keys(Object(changes)).find((name) => FIXED.includes(name) || ownOptions.includes(name));
  if (fixed !== undefined) {
    throw new PermissionMisuse(
      `replace() cannot change \`${fixed}\`, on which open connections rely: leave it out, or guard a new server`,
    );
  }
  checkKeys("replace()", changes, REPLACEABLE);
  const replaced = Object.entries(changes).filter(([, value]) => value !== undefined);
  const merged = { ...present, ...Object.fromEntries(replaced) };
  checkOptions("replace()", merged);
  return merged;
}

const SWITCH = { values: [undefined, true, false], advice: "write true or false" };

/**
 * Checks the options that no other reader checks.
 *
 * @param caller The function to name in error messages, for example `guard()`.
 * @throws {PermissionMisuse} When one is of the wrong type.
 */
export function checkOptions(caller: string, options: GuardOptions<never>): void {
  const { authenticate } = options;
  if (Array.isArray(authenticate) || (typeof authenticate === "function" && authenticate.length > 2)) {
    throw new PermissionMisuse(
      `${caller} got ${show(authenticate)} as \`authenticate\`: wrap middlewares as useExpress([...], { app })`,
    );
  }
  for (const key of ["authenticate", "identify", "onScope", "onDecision"] as const) {
    if (options[key] !== undefined && typeof options[key] !== "function") {
      throw new PermissionMisuse(`${caller} got ${show(options[key])} as \`${key}\`: give a function`);
    }
  }
  for (const key of ["hints", "trace"] as const) checkChoice(caller, key, options[key], SWITCH);
  checkContinuity(caller, options);
  // A class cannot be called without `new`, so every handshake would be a fault.
  if (isClass(authenticate)) {
    throw new PermissionMisuse(`${caller} got a class as \`authenticate\`: give a function that returns { user }`);
  }
  checkKeys("`timeout`", options.timeout ?? {}, PHASES);
  for (const [key, value] of Object.entries(options.timeout ?? {})) readMilliseconds(value, `\`timeout.${key}\``);
}

/** Checks that `identify` and `continuity` are given together: each does nothing without the other. */
function checkContinuity(caller: string, { continuity, identify, onScope }: GuardOptions<never>): void {
  const beside = identify ? "identify" : onScope ? "onScope" : undefined;
  if (continuity === undefined) {
    if (beside === undefined) return;
    throw new PermissionMisuse(
      `${caller} got \`${beside}\` without \`continuity\`: add continuity: continuity({ ... }) of @portcullis/core/continuity`,
    );
  }
  if (typeof continuity?.["~attach"] !== "function") {
    throw new PermissionMisuse(`${caller} got ${show(continuity)} as \`continuity\`: give what continuity() returned`);
  }
  if (identify !== undefined) return;
  throw new PermissionMisuse(
    `${caller} got \`continuity\` without \`identify\`: add identify: ({ user }) => user && { subjects: ["user:" + user.id] }`,
  );
}

/** True for a class. The `prototype` of a class cannot be set, and other functions have a settable one or none. */
function isClass(value: unknown): boolean {
  return typeof value === "function" && Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false;
}
