import { checkKeys, misuse, PermissionDenied, PermissionMisuse, show } from "./errors.js";
import type { StandardIssue } from "./types.js";

/** The four outcomes. XACML calls the last two NotApplicable and Indeterminate. */
export type Outcome = "allow" | "deny" | "abstain" | "error";

/** When asking again may help. */
export type Retry = "never" | "after-auth" | "later";

/** The answer of a permission, a policy or a session. Frozen. */
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

/** Everything of a decision but what follows from its code and outcome. */
type Parts = { readonly [K in Exclude<keyof Decision, "outcome" | "code">]?: Decision[K] | undefined };

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
  allow: [200, ""],
  abstain: [200, ""],
  deny: [403, "permission_denied"],
  error: [500, "permission_error"],
} as const;

class Verdict implements Decision {
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

  constructor(
    readonly outcome: Outcome,
    readonly code: string,
    parts: Parts,
  ) {
    const [status, words] = FALLBACK[outcome];
    this.status = parts.status ?? KNOWN.get(code)?.status ?? status;
    const reason = parts.reason ?? (KNOWN.get(code) ?? KNOWN.get(words))?.reason;
    if (reason !== undefined) this.reason = reason;
    this.by = parts.by ?? "";
    this.retry = parts.retry ?? retryFor(this.status);
    // One by one: a loop over names costs more than all the rest of a refusal.
    if (parts.retryAfter !== undefined) this.retryAfter = parts.retryAfter;
    if (parts.headers !== undefined) this.headers = parts.headers;
    if (parts.issues !== undefined) this.issues = parts.issues;
    if (parts.causes !== undefined) this.causes = parts.causes;
    if (parts.evidence !== undefined) this.evidence = parts.evidence;
    if (parts.error !== undefined) this.error = parts.error;
    Object.freeze(this);
  }
}
Object.defineProperty(Verdict.prototype, MARKER, { value: true });

function retryFor(status: number): Retry {
  return status === 401 ? "after-auth" : status === 429 || status === 503 ? "later" : "never";
}

/** Makes a decision of any outcome. Internal: rules use `allow`, `deny`, `abstain`, `fault`. */
export function decision(outcome: Outcome, code: string, parts: Parts = {}): Decision {
  return new Verdict(outcome, code, parts);
}

/** The same decision with some parts replaced. */
export function restate(from: Decision, parts: Parts): Decision {
  return new Verdict(from.outcome, from.code, { ...from, ...parts });
}

/**
 * Tells a decision made by this package (or another copy of it) from an object that looks like one: a copy by spread
 * has lost the marker, and `Object.create(decision)` has not got it from its own class. Never throws.
 */
export function isDecision(value: unknown): value is Decision {
  try {
    return Object.hasOwn(Object.getPrototypeOf(value), MARKER) && Object.isFrozen(value);
  } catch {
    return false;
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
  check("deny", code, options, 499);
  if (options !== NONE) checkOptions(`deny("${code}")`, options);
  return decision("deny", code, options) as Deny;
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
  check("fault", code, options, 599);
  if (options !== NONE) checkOptions(`fault("${code}")`, options);
  return decision("error", code, options) as Fault;
}

/**
 * Checks what a rule says of a refusal.
 *
 * @param last The highest status it may have.
 * @throws {PermissionMisuse} When the code is empty or the status out of range.
 */
export function check(name: string, code: unknown, { status }: { status?: number | undefined }, last: number): void {
  if (typeof code !== "string" || code === "") {
    throw misuse(`${name}()`, code, `give a short string, as in ${name}("not_a_member")`, "its code");
  }
  if (status !== undefined && !isStatus(status, last)) {
    throw misuse(`${name}("${code}")`, status, `give a whole number from 400 to ${last}`, "its status");
  }
}

const OPTIONS = ["reason", "status", "retryAfter", "headers", "issues", "error"];

function checkOptions(place: string, options: DenyOptions): void {
  checkKeys(place, options, OPTIONS);
  const { reason = "" } = options;
  if (typeof reason !== "string") throw misuse(place, reason, "give a sentence", "its reason");
}

function isStatus(status: number, last: number): boolean {
  return Number.isInteger(status) && status >= 400 && status <= last;
}

/**
 * What was thrown, as a decision: a `PermissionDenied` says itself what it is, all else is `permission_error`.
 *
 * @param outcome What a `PermissionDenied` counts as.
 * @param fallback The code of a `PermissionDenied` that has none.
 */
export function thrown(
  error: unknown,
  by: string,
  outcome: "deny" | "error" = "error",
  fallback = "permission_denied",
): Decision {
  try {
    if (isDeliberate(error)) {
      const { code = fallback, retryAfter, headers } = error;
      const said = error.status ?? KNOWN.get(code)?.status ?? KNOWN.get(fallback)?.status ?? 403;
      const status = isStatus(said, 599) ? said : 403;
      // Thrown on purpose, it denies: only below 500 can that be said.
      const words = outcome === "error" && status >= 500 ? "permission_error" : "permission_denied";
      const reason = error.reason ?? (KNOWN.get(code) ?? KNOWN.get(words))?.reason;
      return decision(outcome, code, { by, error, reason, status, retryAfter, headers });
    }
  } catch {
    // INVARIANT: reading what was thrown never throws on.
  }
  return decision("error", "permission_error", { by, error });
}

/** Tells a throw that was meant as an answer: a `PermissionDenied`. Never throws. */
export function isDeliberate(error: unknown): error is PermissionDenied {
  try {
    return PermissionDenied.isInstance(error);
  } catch {
    return false;
  }
}

/** A rule answered something that is no answer. */
export function invalidVerdict(value: unknown, by: string): Decision {
  const error = new PermissionMisuse(
    `\`${by}\` answered ${show(value)}: answer true, false, allow(), deny(), abstain() or fault()${value === undefined ? " (was a return forgotten?)" : ""}`,
    "invalid_verdict",
  );
  return decision("error", "permission_error", { by, error });
}
