import type { StandardIssue } from "../types.js";
import { issuesOf, listOf, partOf, publicRefusal, type Refusal, textOf, textsOf } from "./decision-parts.js";
import { checkKeys, misuse, PermissionDenied, PermissionMisuse, show } from "./errors.js";

/** The four outcomes. XACML calls the last two NotApplicable and Indeterminate. */
export type Outcome = "allow" | "deny" | "abstain" | "error";

/** When asking again may help. */
export type Retry = "never" | "after-auth" | "later";

/**
 * The answer of a permission, a policy or a session. Frozen. As JSON it is what a client may know of it: code, status,
 * reason, retry and retryAfter; a log reads its fields.
 */
export interface Decision {
  readonly outcome: Outcome;
  /** Short, stable, for programs. `allowed` and `abstained` where nothing was refused. */
  readonly code: string;
  /** A sentence for a human. */
  readonly reason?: string;
  /** The HTTP status that says the same; 200 for allow. */
  readonly status: number;
  /** Name of the permission that decided. */
  readonly by: string;
  readonly retry: Retry;
  /** Seconds. */
  readonly retryAfter?: number;
  /** Headers for an HTTP refusal. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What did not fit, for `invalid_input`. */
  readonly issues?: readonly StandardIssue[];
  /** Every denial and fault that was met, where there was more than this one. */
  readonly causes?: readonly Decision[];
  /** What the rules that allowed have found. */
  readonly evidence?: Readonly<Record<string, unknown>>;
  /** What was thrown. For logs; never sent to a client. */
  readonly error?: unknown;
}

/** An allowing answer; `E` is the type of the evidence it carries. */
export interface Allow<out E = unknown> extends Decision {
  readonly outcome: "allow";
  readonly "~evidence"?: E;
}
export interface Deny extends Decision {
  readonly outcome: "deny";
}
export interface Abstain extends Decision {
  readonly outcome: "abstain";
}
export interface Fault extends Decision {
  readonly outcome: "error";
}

/** What a rule may answer. */
export type Answer = boolean | Decision;

/** What `deny` may say beside its code. */
export interface DenyOptions {
  /** A sentence for a human; it is sent to the client. */
  reason?: string;
  /** HTTP status, 400 to 499. Default 403 (401 for `not_authenticated`, 404 for `not_found`). */
  status?: number;
  /** Seconds after which asking again makes sense. */
  retryAfter?: number;
  /** Headers for an HTTP refusal. */
  headers?: Readonly<Record<string, string>>;
}

/** What `fault` may say beside its code: as `deny`, with a status up to 599. */
export interface FaultOptions extends DenyOptions {
  issues?: readonly StandardIssue[];
  /** What was behind it. For logs; never sent to a client. */
  error?: unknown;
}

const NONE = {};

const MARKER = Symbol.for("@portcullis/core/Decision");

/** What a decision holds that is no single value: copied already. */
type Copied = { readonly [K in "headers" | "issues" | "causes" | "evidence"]?: Decision[K] | undefined };
/** The single values of a decision, as a rule or somebody else gave them: nothing is known of any. */
type Values = { readonly [K in "status" | "reason" | "by" | "retryAfter" | "error"]?: unknown };
/** The parts of a decision, as they were given. Each was read once. */
type Given = Values & Pick<Copied, "causes" | "evidence"> & { readonly headers?: unknown; readonly issues?: unknown };

/** What a code says where a rule gave no reason or status of its own. The first two are the sentences of DRF. */
const KNOWN = new Map<string, { readonly reason: string; readonly status?: number }>([
  ["permission_denied", { reason: "You do not have permission to perform this action." }],
  ["not_authenticated", { reason: "Authentication credentials were not provided.", status: 401 }],
  ["not_found", { reason: "Not found.", status: 404 }],
  ["permission_error", { reason: "The permission could not be checked." }],
  ["permission_timeout", { reason: "The permission could not be checked in time.", status: 503 }],
  ["rate_limited", { reason: "Too many requests.", status: 429 }],
  ["aborted", { reason: "The connection is closed." }],
]);
/** The status of an outcome, and the code that says it in words. */
const FALLBACK = {
  allow: [200, "allowed"],
  abstain: [200, "abstained"],
  deny: [403, "permission_denied"],
  error: [500, "permission_error"],
} as const;

/**
 * INVARIANT: nothing else makes decisions, and a part of another type than its own is left out here. So all that reads a
 * decision later, when nothing catches any more, can trust the types.
 */
class DecisionRecord implements Decision {
  declare readonly reason?: string;
  declare readonly retryAfter?: number;
  declare readonly headers?: Readonly<Record<string, string>>;
  declare readonly issues?: readonly StandardIssue[];
  declare readonly causes?: readonly Decision[];
  declare readonly evidence?: Readonly<Record<string, unknown>>;
  declare readonly error?: unknown;
  declare readonly status: number;
  declare readonly by: string;
  declare readonly retry: Retry;
  /** Of those made here alone: no proxy of one, and no object with its prototype, has it. */
  readonly #isMade = true;

  static has(value: object): value is DecisionRecord {
    return #isMade in value;
  }

  constructor(
    readonly outcome: Outcome,
    readonly code: string,
    { status, reason, by, retryAfter, headers, issues, causes, evidence, error }: Values & Copied,
  ) {
    const [fallback, words] = FALLBACK[outcome];
    const known = KNOWN.get(code);
    this.status = isStatus(status, 599) ? status : (known?.status ?? fallback);
    const told = textOf(reason) ?? (known ?? KNOWN.get(words))?.reason;
    if (told !== undefined) this.reason = told;
    this.by = textOf(by) ?? "";
    this.retry = retryFor(this.status);
    // One by one: a loop over names costs more than all the rest of a refusal.
    if (Number.isFinite(retryAfter) && (retryAfter as number) >= 0) this.retryAfter = retryAfter as number;
    if (headers !== undefined) this.headers = headers;
    if (issues !== undefined) this.issues = issues;
    if (causes !== undefined) this.causes = causes;
    if (evidence !== undefined) this.evidence = evidence;
    if (error !== undefined) this.error = error;
    Object.freeze(this);
  }

  /** Data of a handler may hold a decision: as JSON it says what a client may know, and never its error and causes. */
  toJSON(): Refusal {
    return publicRefusal(this);
  }
}
Object.defineProperty(DecisionRecord.prototype, MARKER, { value: true });

function retryFor(status: number): Retry {
  return status === 401 ? "after-auth" : status === 429 || status === 503 ? "later" : "never";
}

/** Makes a decision of any outcome. Internal: rules use `allow`, `deny`, `abstain`, `fault`. */
export function decision(outcome: Outcome, code: string, given: Given = NONE): Decision {
  const { headers, issues } = given;
  const copied =
    headers === undefined && issues === undefined
      ? (given as Values & Copied)
      : { ...given, headers: textsOf(headers), issues: issuesOf(issues) };
  return new DecisionRecord(outcome, code, copied);
}

/** The same decision with some parts replaced. */
export function withParts(from: Decision, parts: Pick<Values, "by"> & Copied): Decision {
  return new DecisionRecord(from.outcome, from.code, { ...from, ...parts });
}

/**
 * Tells a decision made by this package (or another copy of it) from an object that looks like one: a copy by spread
 * has lost the marker, and `Object.create(decision)` has not got it from its own class. Never throws.
 */
function isDecision(value: unknown): value is Decision {
  if (typeof value !== "object" || value === null) return false;
  try {
    return Object.hasOwn(Object.getPrototypeOf(value), MARKER) && Object.isFrozen(value);
  } catch {
    return false;
  }
}

/** More causes than a policy has rules. */
const MOST_CAUSES = 1000;

/**
 * The decision that a value is, if any. One of another copy of the package may hold anything: it is copied. Never throws.
 *
 * @param isCause Whether it is among the causes of another: then it has none of its own.
 */
export function decisionIn(value: unknown, isCause = false): Decision | undefined {
  if (!isDecision(value)) return undefined;
  if (DecisionRecord.has(value)) return value;
  try {
    const { outcome, code, causes, evidence, ...given } = value as { readonly [K in keyof Decision]: unknown };
    if (typeof outcome !== "string" || !Object.hasOwn(FALLBACK, outcome)) return undefined;
    return decision(outcome as Outcome, textOf(code) || FALLBACK[outcome as Outcome][1], {
      ...given,
      causes: isCause ? undefined : listOf(causes, MOST_CAUSES, (one) => decisionIn(one, true)),
      evidence: typeof evidence === "object" ? Object.freeze({ ...evidence }) : undefined,
    });
  } catch {
    return undefined;
  }
}

/** Allows, and has nothing to add. */
export const ALLOWED = decision("allow", "allowed");
const ABSTAINED = decision("abstain", "abstained");

/**
 * Answers yes, and has nothing to add: the same as `true`.
 *
 * @returns A frozen decision.
 */
export function allow(): Allow;
/**
 * Answers yes, with what the rule has found on the way: it reaches the handler typed, under `evidence`.
 *
 * @param evidence An object whose keys are merged with those of the other rules that allowed.
 * @returns A frozen decision.
 * @throws {PermissionMisuse} When `evidence` is no plain record.
 * @example
 * ```ts
 * import { allow, permission } from "@portcullis/core";
 * const isMember = permission("isMember", () => allow({ membership: { role: "owner" } }));
 * console.assert(isMember.name === "isMember");
 * ```
 */
export function allow<const E extends Record<string, unknown>>(evidence: E): Allow<E>;
export function allow(evidence?: Record<string, unknown>): Decision {
  if (evidence === undefined) return ALLOWED;
  if (typeof evidence !== "object" || evidence === null || Array.isArray(evidence)) {
    throw misuse("allow()", evidence, "give an object of what was found, as in allow({ membership })");
  }
  return decision("allow", "allowed", { evidence: Object.freeze({ ...evidence }) });
}

/**
 * Answers no, with a code for programs and a reason for humans.
 *
 * @param code Short and stable, for example `not_a_member`.
 * @param options `reason`, `status` (400 to 499), `retryAfter` (seconds), `headers`.
 * @returns A frozen decision.
 * @throws {PermissionMisuse} When the code is empty, the status out of range, or an option unknown.
 * @example
 * ```ts
 * import { deny } from "@portcullis/core";
 * console.assert(deny("not_a_member", { reason: "Join the room first" }).status === 403);
 * ```
 */
export function deny(code: string, options: DenyOptions = NONE): Deny {
  return stated("deny", "deny", code, options, 499) as Deny;
}

/**
 * Says that this rule has nothing to say here: the others decide.
 *
 * @returns A frozen decision.
 * @example
 * ```ts
 * import { abstain, permission } from "@portcullis/core";
 * const onlyForUploads = permission("onlyForUploads", ({ action }) => (action === "upload" ? false : abstain()));
 * console.assert(onlyForUploads.name === "onlyForUploads");
 * ```
 */
export function abstain(): Abstain {
  return ABSTAINED as Abstain;
}

/**
 * Refuses in a way that `not` never turns into a permission: a rate limit, a dependency that is down.
 *
 * @param code Short and stable, for example `rate_limited` (429) or `directory_down`.
 * @param options `reason`, `status` (400 to 599, default 500), `retryAfter` (seconds), `headers`, `error` (for logs).
 * @returns A frozen decision.
 * @throws {PermissionMisuse} When the code is empty or the status out of range.
 * @example
 * ```ts
 * import { fault } from "@portcullis/core";
 * console.assert(fault("rate_limited", { retryAfter: 2 }).status === 429);
 * ```
 */
export function fault(code: string, options: FaultOptions = NONE): Fault {
  return stated("fault", "error", code, options, 599) as Fault;
}

const OPTIONS = ["reason", "status", "retryAfter", "headers", "issues", "error"];

/** Makes a refusal of what a rule says. Each option is read once. */
function stated(name: string, outcome: "deny" | "error", code: string, options: FaultOptions, last: number): Decision {
  check(name, code, undefined, last);
  if (options === NONE) return new DecisionRecord(outcome, code, NONE);
  const place = `${name}("${code}")`;
  checkKeys(place, options, OPTIONS);
  const { reason, status, retryAfter, headers, issues, error } = options;
  check(name, code, status, last);
  if (reason !== undefined && textOf(reason) === undefined)
    throw misuse(place, reason, "give a sentence", "its reason");
  return decision(outcome, code, { reason, status, retryAfter, headers, issues, error });
}

/**
 * Checks code and status of a refusal.
 *
 * @param last The highest status it may have.
 * @throws {PermissionMisuse} When the code is empty or the status out of range.
 */
export function check(name: string, code: unknown, status: unknown, last: number): void {
  if (typeof code !== "string" || code === "") {
    throw misuse(`${name}()`, code, `give a short string, as in ${name}("not_a_member")`, "its code");
  }
  if (status !== undefined && !isStatus(status, last)) {
    throw misuse(`${name}("${code}")`, status, `give a whole number from 400 to ${last}`, "its status");
  }
}

function isStatus(status: unknown, last: number): status is number {
  return Number.isInteger(status) && (status as number) >= 400 && (status as number) <= last;
}

/**
 * What was thrown, as a decision: a `PermissionDenied` says itself what it is, all else is `permission_error`. Never
 * throws.
 *
 * @param outcome What a `PermissionDenied` counts as.
 * @param fallback The code of a `PermissionDenied` that has none.
 */
export function decisionFromError(
  error: unknown,
  by: string,
  outcome: "deny" | "error" = "error",
  fallback = "permission_denied",
): Decision {
  if (!isPermissionDenied(error)) return decision("error", "permission_error", { by, error });
  const code = textOf(partOf(error, "code")) || fallback;
  const said = partOf(error, "status");
  const status = isStatus(said, 599) ? said : (KNOWN.get(code)?.status ?? KNOWN.get(fallback)?.status ?? 403);
  const [told, retryAfter, headers] = ["reason", "retryAfter", "headers"].map((name) => partOf(error, name));
  // Thrown on purpose, it denies: only below 500 can that be said.
  const words = outcome === "error" && status >= 500 ? "permission_error" : "permission_denied";
  const reason = textOf(told) ?? (KNOWN.get(code) ?? KNOWN.get(words))?.reason;
  return decision(outcome, code, { by, error, reason, status, retryAfter, headers });
}

/** Tells a throw that was meant as an answer: a `PermissionDenied`. Never throws. */
export function isPermissionDenied(error: unknown): error is PermissionDenied {
  return PermissionDenied.isInstance(error);
}

/**
 * Whether a decision is printed where nobody listens. A refusal below 500 is no incident, whatever was thrown for it (an
 * expired token), unless a developer has to write something else: then a `PermissionMisuse` says so, or a codec has thrown.
 */
export function isIncident({ error, code, status }: Decision): boolean {
  if (error === undefined) return code === "permission_timeout";
  try {
    const isMeant = isPermissionDenied(error);
    return (
      PermissionMisuse.isInstance(isMeant ? error.cause : error) ||
      ((status >= 500 || code === "bad_message") && !isMeant)
    );
  } catch {
    // It may be anything, and reading it may throw.
    return true;
  }
}

/** A rule answered something that is no answer. */
export function invalidAnswer(value: unknown, by: string): Decision {
  const error = new PermissionMisuse(
    `\`${by}\` answered ${show(value)}: answer true, false, allow(), deny(), abstain() or fault()${value === undefined ? " (was a return forgotten?)" : ""}`,
    "invalid_verdict",
  );
  return decision("error", "permission_error", { by, error });
}
