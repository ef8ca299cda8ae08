import type { StandardIssue } from "../types.js";
import { listOf, textOf, textsOf } from "../util/safe-read.js";
import { issuesOf, publicRefusal, type Refusal } from "./decision-parts.js";
import type { Decision, Outcome, Retry } from "./decision-types.js";

const NO_PARTS = {};

const MARKER = Symbol.for("@portcullis/core/Decision");

/** The compound values of a decision, already copied. */
type Copied = { readonly [K in "headers" | "issues" | "causes" | "evidence"]?: Decision[K] | undefined };
/** The single values of a decision, unchecked. */
type Values = { readonly [K in "status" | "reason" | "by" | "retryAfter" | "error"]?: unknown };
/** The parts of a decision, unchecked. Each was read once from its source. */
type Parts = Values & Pick<Copied, "causes" | "evidence"> & { readonly headers?: unknown; readonly issues?: unknown };

/** Default reason and status by code. The first two reasons are those of Django REST Framework. */
export const KNOWN_CODES: ReadonlyMap<string, { readonly reason: string; readonly status?: number }> = new Map<
  string,
  { readonly reason: string; readonly status?: number }
>([
  ["permission_denied", { reason: "You do not have permission to perform this action." }],
  ["not_authenticated", { reason: "Authentication credentials were not provided.", status: 401 }],
  ["not_found", { reason: "Not found.", status: 404 }],
  ["permission_error", { reason: "The permission could not be checked." }],
  ["permission_timeout", { reason: "The permission could not be checked in time.", status: 503 }],
  ["rate_limited", { reason: "Too many requests.", status: 429 }],
  ["aborted", { reason: "The connection is closed." }],
]);
/** Default status by outcome, and the code of its default reason. */
const FALLBACK = {
  allow: [200, "allowed"],
  abstain: [200, "abstained"],
  deny: [403, "permission_denied"],
  error: [500, "permission_error"],
} as const;

/**
 * INVARIANT: this constructor makes every decision, and leaves out parts of a wrong type. Later readers can trust the
 * types, at places where no error would be caught.
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
  /** Brand of the instances made here. A proxy of an instance, or an object with its prototype, does not have it. */
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
    const known = KNOWN_CODES.get(code);
    this.status = isStatus(status, 599) ? status : (known?.status ?? fallback);
    const told = textOf(reason) ?? (known ?? KNOWN_CODES.get(words))?.reason;
    if (told !== undefined) this.reason = told;
    this.by = textOf(by) ?? "";
    this.retry = retryFor(this.status);
    // Written out, because a loop over names costs more than the rest of a refusal.
    if (Number.isFinite(retryAfter) && (retryAfter as number) >= 0) this.retryAfter = retryAfter as number;
    if (headers !== undefined) this.headers = headers;
    if (issues !== undefined) this.issues = issues;
    if (causes !== undefined) this.causes = causes;
    if (evidence !== undefined) this.evidence = evidence;
    if (error !== undefined) this.error = error;
    Object.freeze(this);
  }

  /** Keeps error and causes out of the JSON of data that contains a decision, such as the answer of a handler. */
  toJSON(): Refusal {
    return publicRefusal(this);
  }
}
Object.defineProperty(DecisionRecord.prototype, MARKER, { value: true });

function retryFor(status: number): Retry {
  return status === 401 ? "after-auth" : status === 429 || status === 503 ? "later" : "never";
}

/** Makes a decision of any outcome. Internal; rules use `allow`, `deny`, `abstain` and `fault`. */
export function createDecision(outcome: Outcome, code: string, parts: Parts = NO_PARTS): Decision {
  const { headers, issues } = parts;
  const copied =
    headers === undefined && issues === undefined
      ? (parts as Values & Copied)
      : { ...parts, headers: textsOf(headers), issues: issuesOf(issues) };
  return new DecisionRecord(outcome, code, copied);
}

/** The same decision with some parts replaced. */
export function withParts(from: Decision, parts: Pick<Values, "by"> & Copied): Decision {
  return new DecisionRecord(from.outcome, from.code, { ...from, ...parts });
}

/**
 * True for a decision of this package or of another copy of it. A spread copy lacks the marker, and
 * `Object.create(decision)` lacks it on its direct prototype. Never throws.
 */
function isDecision(value: unknown): value is Decision {
  if (typeof value !== "object" || value === null) return false;
  try {
    return Object.hasOwn(Object.getPrototypeOf(value), MARKER) && Object.isFrozen(value);
  } catch {
    return false;
  }
}

/** More than any policy has rules. */
const MAX_CAUSES = 1000;

/**
 * Returns a value as a decision, or `undefined` when it is none. A decision of another copy of the package may hold
 * anything, so it is copied. Never throws.
 *
 * @param isCause True for a cause of another decision, which has no causes of its own.
 */
export function decisionIn(value: unknown, isCause = false): Decision | undefined {
  if (!isDecision(value)) return undefined;
  if (DecisionRecord.has(value)) return value;
  try {
    const { outcome, code, causes, evidence, ...parts } = value as { readonly [K in keyof Decision]: unknown };
    if (typeof outcome !== "string" || !Object.hasOwn(FALLBACK, outcome)) return undefined;
    return createDecision(outcome as Outcome, textOf(code) || FALLBACK[outcome as Outcome][1], {
      ...parts,
      causes: isCause ? undefined : listOf(causes, MAX_CAUSES, (one) => decisionIn(one, true)),
      evidence: typeof evidence === "object" ? Object.freeze({ ...evidence }) : undefined,
    });
  } catch {
    return undefined;
  }
}

/** An allow without evidence. */
export const ALLOWED = createDecision("allow", "allowed");

/** True for an integer from 400 to `last`. */
export function isStatus(status: unknown, last: number): status is number {
  return Number.isInteger(status) && (status as number) >= 400 && (status as number) <= last;
}
